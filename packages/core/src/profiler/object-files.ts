// The files behind mappings, held open from the moment they are first seen: so they can still
// be read when the process, its mount namespace or the file's name are gone. One descriptor per
// (device, inode), up to a limit. What a file held then is kept as well: one that is written over
// is another object for whoever maps it later, and no source of names for whoever ran it before.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Mapping } from './perf-records.ts';
import {
  type FileState,
  holdsSameBuild,
  looksUnchanged,
  readFileState,
} from './symbols/file-state.ts';

/** Leaves room below the usual limit of 1024 descriptors. */
const MAX_OPEN_FILES = 700;
/**
 * A file that is younger may have taken the place, and the inode number, of the one that a process
 * had mapped which is already gone: mappings are seen within a round, of 250 ms, and a busy moment.
 */
const SETTLED_MS = 500;

/** As the kernel calls the mapping of its own code for processes: see vdso(7). */
export const VDSO = '[vdso]';

export interface ObjectFile {
  readonly key: string;
  readonly path: string;
  /** Open for reading; undefined when there is no file to read. */
  readonly fd: number | undefined;
  /** Whether the file still holds what was mapped: names of another build are wrong ones. */
  readonly isIntact: () => boolean;
}

interface OpenFile extends ObjectFile {
  readonly fd: number;
  readonly state: FileState;
}

interface Place {
  readonly path: string;
  /** Leads to the mapped file itself, and not to whatever has its name by now. */
  readonly exact: boolean;
}

export class ObjectFiles implements Disposable {
  /** What is in the file now, by device, inode and path. */
  private readonly newest = new Map<string, OpenFile>();
  private readonly missing = new Map<string, ObjectFile>();
  private readonly byMapping = new WeakMap<Mapping, ObjectFile>();
  private readonly fds: number[] = [];

  /** The object of a mapping, opened through the process that maps it when it is new. */
  of(pid: number, mapping: Mapping): ObjectFile {
    const known = this.byMapping.get(mapping);
    if (known !== undefined) return known;
    const file = this.find(pid, mapping);
    this.byMapping.set(mapping, file);
    return file;
  }

  [Symbol.dispose](): void {
    for (const fd of this.fds.splice(0)) closeSync(fd);
    this.newest.clear();
    this.missing.clear();
  }

  private find(pid: number, mapping: Mapping): ObjectFile {
    const key = `${mapping.device}:${mapping.inode}:${mapping.path}`;
    const known = this.newest.get(key);
    if (known !== undefined && looksUnchanged(known.fd, known.state)) return known;
    // Holding it open keeps the inode from being another file's, so this is it, written over.
    const opened = known === undefined ? this.open(pid, mapping, key) : reopened(known);
    if (opened !== undefined) {
      this.newest.set(key, opened);
      return opened;
    }
    const missing = this.missing.get(key) ?? {
      key,
      path: mapping.path,
      fd: undefined,
      isIntact: () => false,
    };
    this.missing.set(key, missing);
    return missing;
  }

  private open(pid: number, mapping: Mapping, key: string): OpenFile | undefined {
    if (!hasFile(mapping) || this.fds.length >= MAX_OPEN_FILES) return undefined;
    for (const place of placesOf(pid, mapping)) {
      const fd = openMapped(place, mapping);
      if (fd === undefined) continue;
      this.fds.push(fd);
      try {
        return openFile({ key, path: mapping.path, fd });
      } catch (error) {
        // It is there and cannot be read: a network that is down, a disk that fails.
        if (isSystemError(error)) return undefined;
        throw error;
      }
    }
    return undefined;
  }
}

/** A new object over the same descriptor: the same file with other content. */
function reopened({ key, path, fd, state }: OpenFile): OpenFile | undefined {
  try {
    return openFile({ key: `${key}#${state.modified}`, path, fd });
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function openFile(file: {
  readonly key: string;
  readonly path: string;
  readonly fd: number;
}): OpenFile {
  const state = readFileState(file.fd);
  return { ...file, state, isIntact: () => holdsSameBuild(file.fd, state) };
}

function hasFile({ path, inode }: Mapping): boolean {
  return path.startsWith('/') && !path.startsWith('//') && inode !== 0n;
}

/**
 * Where the file may be had, best first: by the mapping itself and as the running program, which
 * also serves files that were deleted or replaced; by name in the process's mount namespace; by
 * name in ours when the process is gone. proc(5); map_files needs CAP_CHECKPOINT_RESTORE.
 */
function placesOf(pid: number, { start, end, path }: Mapping): readonly Place[] {
  return [
    {
      path: `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`,
      exact: true,
    },
    { path: `/proc/${pid}/exe`, exact: true },
    { path: `/proc/${pid}/root${path}`, exact: false },
    { path, exact: false },
  ];
}

/** Only the very file that was mapped: another one at the same path has other symbols. */
function openMapped({ path, exact }: Place, mapping: Mapping): number | undefined {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO put in the file's place must not stop us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  const stat = fstatSync(fd, { bigint: true });
  const fits =
    stat.isFile() &&
    stat.ino === mapping.inode &&
    (exact || (isOnDevice(stat.dev, mapping.device) && isSettled(stat)));
  if (fits) return fd;
  closeSync(fd);
  return undefined;
}

/** Neither made nor written since the process may have mapped what had this inode number then. */
function isSettled(stat: { readonly birthtimeMs: bigint; readonly mtimeMs: bigint }): boolean {
  const before = BigInt(Date.now() - SETTLED_MS);
  return stat.birthtimeMs <= before && stat.mtimeMs <= before;
}

/**
 * Inode numbers are a device's own. Where there is none (major 0: overlay, btrfs), stat(2) may give
 * another number than the mapping has, and nothing can be told.
 */
function isOnDevice(dev: bigint, device: string): boolean {
  if (device.startsWith('0:')) return true;
  // makedev of glibc: minor and major interleaved.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}` === device;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
