/**
 * What a store has that no agent of this version wrote, and pages of it that are damaged, are no mistakes of waggle: who
 * asked is told so, and everything else goes on.
 */

import { isDamage, type SqlValue, StoreError } from '@waggle/store';
import { Problem } from '../answers/problem.ts';

/** Undefined where it is another mistake. */
export function storeProblem(error: unknown): Problem | undefined {
  if (isDamage(error) || (error instanceof StoreError && error.code === 'damaged'))
    return new Problem({
      code: 'store-damaged',
      status: 500,
      title: 'A part of the store is damaged',
      detail:
        'What is behind it cannot be read: another span may be whole. An agent that is started on it puts it aside and saves what can be read.',
    });
  if (!isForeign(error)) return undefined;
  return new Problem({
    code: 'store-foreign',
    status: 500,
    title: 'The store has what no agent wrote',
    detail: `What is kept of this span is not what an agent of this version writes${error instanceof StoreError ? `: ${error.message}` : ''}. Another span may be.`,
  });
}

/** SQLite's errors, and those of values that are of another kind than their column. */
function isForeign(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return (
    (typeof code === 'string' && code.startsWith('SQLITE_')) ||
    error instanceof StoreError ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError
  );
}

/** @throws StoreError `foreign` for what is no time */
export function timeOf(value: SqlValue | undefined, column: string): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value;
  throw new StoreError('foreign', `${column} has what is no time`);
}

/** @throws StoreError `foreign` for what is no number */
export function numberOf(value: SqlValue | undefined, column: string): number {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  throw new StoreError('foreign', `${column} has what is no number`);
}
