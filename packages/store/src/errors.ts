/** Why a store cannot be opened, in words for people. */

export type StoreErrorCode =
  | 'held'
  | 'missing'
  | 'newer'
  | 'damaged'
  | 'foreign'
  | 'unwritable'
  | 'query';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    /** `held` by another agent, `missing`, of a `newer` version, `damaged`, `foreign` (tables that are none), `unwritable`; a `query` that is none. */
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** SQLite's own name of an error, such as SQLITE_FULL; undefined for others. */
export function sqliteCode(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined;
}

/** The file is no database, or one with broken pages, or with pages that lead back to themselves (bounds.ts). */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB|INTERRUPT)/.test(sqliteCode(error) ?? '');
}
