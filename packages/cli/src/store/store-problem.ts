/** What is wrong with a store that is read, which may be anybody's, and no mistake of waggle. */

import { isDamage, StoreError } from '@waggle/store';

/** In words; undefined for an error that has nothing to do with the store. */
export function storeProblem(error: unknown): string | undefined {
  if (error instanceof StoreError) return error.message;
  if (isDamage(error)) return 'a part of the store is damaged';
  if (!isForeign(error)) return undefined;
  return `what is in the store is not what an agent of this version writes: ${String((error as Error).message)}`;
}

/** SQLite's errors, and those of values that are of another kind than their column. */
export function isForeign(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return (
    (typeof code === 'string' && code.startsWith('SQLITE_')) ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError
  );
}
