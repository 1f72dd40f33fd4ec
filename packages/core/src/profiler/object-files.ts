// The files behind mappings, held open from the moment they are first seen: so they can still
// be read when the process, its mount namespace or the file's name are gone. One descriptor per
// (device, inode), up to a limit.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Mapping } from './perf-records.ts';

/** Leaves room below the usual limit of 1024 descriptors. */
const MAX_OPEN_FILES = 700;

/** As the kernel calls the mapping of its own code for processes: see vdso(7). */
export const VDSO = '[vdso]';

export interface ObjectFile {
  readonly key: string;
  readonly path: string;
  /** Open for reading; undefined when there is no file to read. */
  readonly fd: number | undefined;
}

export class ObjectFiles implements Disposable {
  private readonly files = new Map<string, ObjectFile>();
  private open = 0;

  /** The object of a mapping, opened through the process that maps it when it is new. */
  of(pid: number, mapping: Mapping): ObjectFile {
    const key = `${mapping.device}:${mapping.inode}:${mapping.path}`;
    const known = this.files.get(key);
    if (known !== undefined) return known;
    const file = { key, path: mapping.path, fd: this.openFile(pid, mapping) };
    this.files.set(key, file);
    return file;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.files.values()) if (fd !== undefined) closeSync(fd);
    this.files.clear();
  }

  private openFile(pid: number, mapping: Mapping): number | undefined {
    if (
      !mapping.path.startsWith('/') ||
      mapping.path.startsWith('//') ||
      this.open >= MAX_OPEN_FILES
    )
      return undefined;
    for (const path of placesOf(pid, mapping)) {
      const fd = openRegular(path, mapping.inode);
      if (fd !== undefined) {
        this.open++;
        return fd;
      }
    }
    return undefined;
  }
}

/**
 * Where the file may be had, best first: by the mapping itself and as the running program, which
 * also serves files that were deleted or replaced; by name in the process's mount namespace; by
 * name in ours when the process is gone. proc(5); map_files needs CAP_CHECKPOINT_RESTORE.
 */
function placesOf(pid: number, { start, end, path }: Mapping): readonly string[] {
  return [
    `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`,
    `/proc/${pid}/exe`,
    `/proc/${pid}/root${path}`,
    path,
  ];
}

/** Only the very file that was mapped: another one at the same path has other symbols. */
function openRegular(path: string, inode: bigint): number | undefined {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO put in the file's place must not stop us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile() && stat.ino === inode) return fd;
  closeSync(fd);
  return undefined;
}
