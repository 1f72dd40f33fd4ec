/** `--comm` of a recording: decided once for each program image, by its name when it is sampled first and known. */

import type { SampledProcess } from '@waggle/profiler';
import { isSurelyNamed } from '../../options/name-match.ts';
import type { RecordOptions } from './options.ts';
import { entryOf, type Processes } from './owner-entry.ts';

export function nameFilter(
  { comm: pattern }: RecordOptions,
  processes: Processes,
): ((owner: SampledProcess) => boolean | undefined) | undefined {
  if (pattern === undefined) return undefined;
  return (owner) =>
    isSurelyNamed(owner.comm, pattern, () => {
      const entry = entryOf(owner, processes);
      if (entry === undefined) return undefined;
      return { filename: entry.filename ?? entry.exe ?? null, argv: entry.cmdline ?? null };
    });
}
