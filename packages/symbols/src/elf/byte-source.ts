/**
 * Where an ELF image's bytes come from: a buffer, a file, or anything else that can answer
 * positional reads. Files are read with pread and never mapped: a mapped file that another process
 * truncates kills its reader with SIGBUS, a short read is merely an error.
 */
import { constants, fstatSync, readSync, type Stats, statSync } from 'node:fs';
import { closeFile, openFile } from '../descriptors.ts';
import { ElfError } from './error.ts';
import type { ReadBudget } from './read-budget.ts';

export interface ByteSource {
  /** Length in bytes, fixed for the life of the source. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, in memory that the caller may keep.
   * @throws `ElfError('truncated')` when they are not there.
   */
  read(offset: number, length: number): Uint8Array;
  /** What reading takes from. */
  readonly budget?: ReadBudget | undefined;
  /** User number of the file's owner; undefined for what is no file. */
  readonly owner?: number;
  /** Gives back what the source holds; may be called twice. */
  close?(): void;
}

/** A file's bytes, as they are in one state of it. */
export interface FileSource extends ByteSource {
  /**
   * What tells this state of this file from any other: device, inode, size, and the times of its last changes
   * in nanoseconds. Not a hash of the content, but changed by every write.
   */
  readonly identity: string;
  close(): void;
}

function checkRange(source: ByteSource, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw new ElfError(
      'truncated',
      `bytes ${offset}..${offset + length} lie outside the file of ${source.size} bytes`,
    );
  }
}

export class MemoryByteSource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(
    bytes: Uint8Array,
    readonly budget?: ReadBudget,
  ) {
    this.size = bytes.byteLength;
    this.#bytes = bytes;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    // A copy, so that a table built from this does not pin (or change with) the caller's buffer.
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(offset, offset + length));
    return copy;
  }
}

export class FileByteSource implements FileSource {
  readonly size: number;
  #fd: number;
  readonly #owned: boolean;
  readonly owner: number;

  private constructor(
    fd: number,
    owned: boolean,
    { size, uid }: Pick<Stats, 'size' | 'uid'>,
    readonly budget: ReadBudget | undefined,
  ) {
    this.#fd = fd;
    this.#owned = owned;
    this.size = size;
    this.owner = uid;
  }

  /**
   * A path is opened here and closed by `close()`; a descriptor stays the caller's, and its file
   * position is not touched. Only regular files: anything else is `ElfError('not-elf')`. The type
   * is checked before opening, because opening a device can have effects, and again on the open
   * file, because the name may have changed hands; O_NONBLOCK keeps a FIFO from blocking in
   * between.
   * @throws NodeJS.ErrnoException when the file cannot be opened
   */
  static open(target: string | number, budget?: ReadBudget): FileByteSource {
    if (typeof target === 'number')
      return new FileByteSource(target, false, regularFile(target), budget);
    if (!statSync(target).isFile()) throw notRegular(target);
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    const fd = openFile(target, flags);
    try {
      return new FileByteSource(fd, true, regularFile(fd), budget);
    } catch (error) {
      closeFile(fd);
      throw error;
    }
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#fd < 0) throw new Error('read from a closed FileByteSource');
    checkRange(this, offset, length);
    this.budget?.read(length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#fd, bytes, done, length - done, offset + done);
      // The file shrank after it was opened.
      if (got === 0) throw new ElfError('truncated', `the file ends at byte ${offset + done}`);
      done += got;
    }
    return bytes;
  }

  get identity(): string {
    const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(this.#fd, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join('-');
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (this.#owned && fd >= 0) closeFile(fd);
  }
}

function regularFile(fd: number): Stats {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw notRegular(`descriptor ${fd}`);
  return stat;
}

function notRegular(what: string): ElfError {
  return new ElfError('not-elf', `${what} is not a regular file`);
}
