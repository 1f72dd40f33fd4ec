// Where the file behind a mapping may be had, and how it is opened: what stands at a path may be put there
// by whoever is watched.

import { closeSync, openSync } from 'node:fs';
import { fileStatus } from '@waggle/ffi';
import { OPEN_FLAGS } from './open-flags.ts';
import type { Mapping } from './perf-records.ts';

/** open(2), <fcntl.h>; the same on x86-64 and AArch64. Node's constants do not have it. */
const O_PATH = 0o10000000;

export interface Place {
  readonly path: string;
  /** A link of the kernel's to the file itself, not a name that leads to what stands there now. */
  readonly isLink: boolean;
}

/**
 * Where the file may be had, best first: by the mapping itself and as the running program, which
 * also serves files that were deleted or replaced; by name in the process's mount namespace; by
 * name in ours when the process is gone. proc(5); map_files needs CAP_CHECKPOINT_RESTORE.
 */
export function placesOf(pid: number, { start, end, path }: Mapping): readonly Place[] {
  const range = `${start.toString(16)}-${end.toString(16)}`;
  return [
    { path: `/proc/${pid}/map_files/${range}`, isLink: true },
    { path: `/proc/${pid}/exe`, isLink: true },
    { path: `/proc/${pid}/root${path}`, isLink: false },
    { path, isLink: false },
  ];
}

/**
 * The regular file at `path`. What stands there may be put there by whoever is watched, and opening a
 * device can set it to work (/dev/watchdog restarts the host), so it is looked at by a descriptor that
 * opens nothing, and opened through that: nothing can take its place in between.
 */
export function openPlace(path: string): number | undefined {
  let place: number | undefined;
  try {
    place = openSync(path, O_PATH);
    if (!fileStatus(place).isFile()) return undefined;
    return openSync(`/proc/self/fd/${place}`, OPEN_FLAGS);
  } catch {
    return undefined;
  } finally {
    if (place !== undefined) closeSync(place);
  }
}
