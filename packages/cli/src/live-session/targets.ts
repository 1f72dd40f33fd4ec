/** Who is looked at live: processes with their descendants, cgroups, a command, or everybody. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RealProcfs } from '@waggle/cache';
import { existingDescendants } from '@waggle/core/session';
import { printable } from '@waggle/text';
import { idsInWords, placesInWords } from '../options/target-in-words.ts';

export interface LiveTarget {
  readonly pid?: readonly number[] | undefined;
  readonly cgroup?: readonly string[] | undefined;
}

/** Who is looked at from the beginning; undefined for everybody. */
export function runningAlready(
  { pid, cgroup }: LiveTarget,
  command: readonly string[],
  procfs: RealProcfs,
): readonly number[] | undefined {
  if (command.length > 0) return [];
  if (pid !== undefined) return withDescendants(procfs, pid);
  return cgroup?.flatMap(processesBelow);
}

/** In words; undefined for everybody. Of a command its program alone, since arguments may hold secrets. */
export function targetInWords(
  { pid, cgroup = [] }: LiveTarget,
  [program]: readonly string[],
): string | undefined {
  if (program !== undefined) return printable(program);
  const words = [
    ...(pid === undefined ? [] : [idsInWords('process', pid)]),
    ...(cgroup.length > 0 ? [placesInWords(cgroup)] : []),
  ];
  return words.length > 0 ? words.join(' ') : undefined;
}

export const withDescendants = (procfs: RealProcfs, pids: readonly number[]): readonly number[] =>
  pids.flatMap((pid) => [pid, ...existingDescendants(procfs, pid)]);

/** Of a cgroup v2 directory and those in it, as cgroup.procs has them. */
function processesBelow(directory: string): readonly number[] {
  try {
    const inside = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    return [directory, ...inside].flatMap((each) =>
      readFileSync(join(each, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number),
    );
  } catch {
    // It came or went at that moment: what starts in it from now on is seen.
    return [];
  }
}
