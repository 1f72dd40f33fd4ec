/** Waggle's own library for SQLite, which bounds what it does with a store that may be anybody's. */

import { LibraryError, libraryPath, UnsupportedRuntime } from '@waggle/ffi';

/** Undefined where there is none: a store is read without it. */
export async function ownLibrary(): Promise<string | undefined> {
  try {
    return await libraryPath();
  } catch (error) {
    if (error instanceof LibraryError || error instanceof UnsupportedRuntime) return undefined;
    throw error;
  }
}
