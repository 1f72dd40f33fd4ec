/**
 * Whose event it is, from the metadata cache: what the process runs that forks, or whose exec failed.
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { ProgramOf } from './filter.ts';

export function programsOf(cache: () => ProcessMetadataCache | undefined): ProgramOf {
  return ({ identity }) => {
    const entry = cache()?.getByIdentity(identity);
    if (entry === undefined) return undefined;
    return { filename: entry.filename ?? entry.exe ?? null, argv: entry.cmdline ?? null };
  };
}
