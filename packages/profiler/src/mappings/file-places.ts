/**
 * Where the file behind a mapping may be had, and how it is opened: what stands at a path may be put there
 * by whoever is watched, and a way to it may lead through a mount that does not answer.
 */

import { closeSync, openSync } from 'node:fs';
import { fileStatus } from '@waggle/ffi';
import { openUnderRoot } from '@waggle/symbols';
import { OPEN_FLAGS } from './open-flags.ts';
import type { Mapping } from './perf-records.ts';

/** open(2), <fcntl.h>; the same on x86-64 and AArch64. Node's constants do not have it. */
const O_PATH = 0o10000000;

export interface Place {
  /** Below `root`. */
  readonly path: string;
  readonly root: string;
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
    { path: `/proc/${pid}/map_files/${range}`, root: '/', isLink: true },
    { path: `/proc/${pid}/exe`, root: '/', isLink: true },
    { path, root: `/proc/${pid}/root`, isLink: false },
    { path, root: '/', isLink: false },
  ];
}

/**
 * The regular file at a place, only looked at (O_PATH): what stands there may be put there by whoever is
 * watched, opening a device can set it to work (/dev/watchdog restarts the host), and opening a file may wait
 * for its server. By a link no file system is asked; a name is followed through no mount that may not answer.
 */
export function lookAt({ path, root, isLink }: Place): number | undefined {
  // It is opened there, on a file system that answers.
  if (!isLink) return openUnderRoot(root, path);
  let place: number | undefined;
  try {
    place = openSync(path, O_PATH);
    if (fileStatus(place).isFile()) return place;
  } catch {
    // The process is gone, or may not be looked into.
  }
  if (place !== undefined) closeSync(place);
  return undefined;
}

/** What was looked at, for reading: through its descriptor, so that nothing can take its place. */
export function openSeen(fd: number, { isLink }: Place): number | undefined {
  if (!isLink) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, OPEN_FLAGS);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
