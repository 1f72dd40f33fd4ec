/**
 * The very file that was mapped, opened through the process that maps it: another one at the same path has
 * other symbols.
 */

import { closeSync } from 'node:fs';
import type { Procfs } from '@waggle/cache';
import { type FileStatus, fileStatus } from '@waggle/ffi';
import { isBornAfter, timesOf } from './file-content.ts';
import { isOnDevice } from './file-device.ts';
import { lookAt, openSeen, type Place, placesOf } from './file-places.ts';
import type { Mapping } from './perf-records.ts';

export interface MappedFile {
  /** Open for reading; of a remote one only a sign of which file it is (O_PATH). */
  readonly fd: number;
  /** It may not answer. */
  readonly isRemote: boolean;
}

/** In ns since the epoch. */
export interface MappedTimes {
  readonly mapped: bigint;
  readonly now: bigint;
}

/**
 * Undefined where it is gone. Nothing is opened for reading before it is known to be that file: a process can
 * map another one in its place meanwhile.
 * @param isRemote whether its device is of a file system that may not answer
 * @param times when it was mapped, if it must not be younger
 */
export function openMapped(
  procfs: Procfs,
  pid: number,
  mapping: Mapping,
  isRemote: boolean,
  times?: MappedTimes,
): MappedFile | undefined {
  for (const place of placesOf(pid, mapping)) {
    if (isRemote && !place.isLink) continue;
    const seen = lookAt(place);
    if (seen === undefined) continue;
    const verdict = isTheFile(procfs, seen, place, pid, mapping, times);
    if (verdict === 'no') closeSync(seen);
    else if (isRemote || verdict === 'on a mount in no list') return { fd: seen, isRemote: true };
    else {
      const fd = openSeen(seen, place);
      if (fd !== undefined) return { fd, isRemote: false };
    }
  }
  return undefined;
}

function isTheFile(
  procfs: Procfs,
  fd: number,
  { isLink }: Place,
  pid: number,
  { inode, device }: Mapping,
  times: MappedTimes | undefined,
): 'yes' | 'no' | 'on a mount in no list' {
  let stat: FileStatus;
  try {
    stat = fileStatus(fd);
  } catch {
    return 'no';
  }
  if (!stat.isFile() || stat.ino !== inode) return 'no';
  if (times !== undefined && isBornAfter(timesOf(stat), times.mapped, times.now)) return 'no';
  const isThere = isOnDevice(procfs, fd, stat.dev, pid, device);
  // The mount of what a link leads to may be in no list any more.
  if (isThere === undefined) return isLink ? 'on a mount in no list' : 'no';
  return isThere ? 'yes' : 'no';
}
