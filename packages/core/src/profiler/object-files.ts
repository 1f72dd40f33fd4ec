// The files behind mappings, held open from the moment they are first seen: so they can still
// be read when the process, its mount namespace or the file's name are gone. One descriptor per
// (device, inode), up to a limit.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Mapping } from './perf-records.ts';

/** Of the descriptors that this process may have, left to everything else. */
const RESERVED_DESCRIPTORS = 324;
const USUAL_LIMIT = 1024;
/** What a host executes in a day of builds; a descriptor takes about 1 KiB of kernel memory. */
const MAX_OPEN_FILES = 50_000;

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
  private readonly maxOpen = Math.min(descriptorLimit() - RESERVED_DESCRIPTORS, MAX_OPEN_FILES);

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
    if (!mapping.path.startsWith('/') || mapping.path.startsWith('//') || this.open >= this.maxOpen)
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

/** RLIMIT_NOFILE's soft limit, from proc_pid_limits(5). Bun raises it to the hard one as it starts. */
function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? USUAL_LIMIT);
  } catch {
    return USUAL_LIMIT;
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
