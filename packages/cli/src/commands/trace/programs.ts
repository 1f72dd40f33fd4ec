/**
 * Whose event it is, from the metadata cache: what the process runs that forks, or whose exec failed.
 */

import { type ProcessMetadataCache, ticksFromBoottime } from '@waggle/cache';
import type { ProgramOf } from './filter.ts';

/** USER_HZ on every architecture that we run on. */
const TICKS_PER_SECOND = 100;

export function programsOf(cache: () => ProcessMetadataCache | undefined): ProgramOf {
  return ({ pid, startTime, execId }) => {
    const entry = cache()?.getByIdentity({
      pid,
      startTime: ticksFromBoottime(startTime, TICKS_PER_SECOND),
      startBoottimeNs: startTime,
      execId,
    });
    if (entry === undefined) return undefined;
    return { filename: entry.filename ?? entry.exe ?? null, argv: entry.cmdline ?? null };
  };
}
