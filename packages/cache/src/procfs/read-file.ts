/**
 * Reading one /proc file whole, up to a limit. Such files have size 0, are made while they are
 * read, and may come in pieces: so read until the end is reported, retry EINTR, and never trust
 * one short read. `ProcfsIo` is the part of node:fs used, so that tests can play the kernel.
 */
import { errnoOf } from './error.ts';

/** The system calls, with the signatures of node:fs. */
export interface ProcfsIo {
  openSync(path: string, flags: string): number;
  readSync(
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): number;
  closeSync(fd: number): void;
  readlinkSync(path: string): string;
  readdirSync(path: string): string[];
  statSync(path: string): { readonly dev: number; readonly ino: number; readonly nlink: number };
  /** Without it, two processes with one pid and one start time can look the same. */
  fstatSync?(fd: number): {
    readonly ino: number;
    readonly dev?: number;
    readonly nlink?: number;
  };
  /**
   * Opens a file only to tell which it is (O_PATH): its file system is not asked. Without it, files are asked by their names.
   * @param follows a link at the end of the path
   */
  lookSync?(path: string, follows: boolean): number;
  /** Off-thread open, as `fs.promises.open`. */
  open(path: string, flags: string): Promise<ProcfsFileHandle>;
}

/** The part of `fs.promises.FileHandle` used. */
export interface ProcfsFileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

export interface Bytes {
  readonly bytes: Uint8Array;
  /** There was more than the limit. */
  readonly truncated: boolean;
}

const EINTR_RETRIES = 100;
const FIRST_CHUNK = 4096;
const PIECE = 64 * 1024;
/** In one piece: few enough that who has a deadline can look at the clock between two of them. */
const READS = 16;

/** Calls `f` again as long as a signal interrupts it (a hundred times at most). */
export function retryInterrupted<T>(f: () => T): T {
  for (let tries = 0; ; tries++) {
    try {
      return f();
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || tries >= EINTR_RETRIES) throw error;
    }
  }
}

async function retryInterruptedAsync<T>(f: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await f();
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' || tries >= EINTR_RETRIES) throw error;
    }
  }
}

/**
 * Reads a file of one line into `buffer`, which should be larger than the line can be, and
 * returns its length. Stops at the line's newline instead of asking for the end: one system
 * call less on the hot path. `whileOpen` is called with the descriptor before it is closed.
 */
export function readLineInto(
  io: ProcfsIo,
  path: string,
  buffer: Uint8Array,
  whileOpen?: (fd: number, length: number) => void,
): number {
  const fd = retryInterrupted(() => io.openSync(path, 'r'));
  try {
    let length = 0;
    while (length < buffer.length) {
      const from = length;
      const n = retryInterrupted(() => io.readSync(fd, buffer, from, buffer.length - from, null));
      if (n === 0) break;
      length += n;
      if (buffer[length - 1] === 0x0a) break;
    }
    whileOpen?.(fd, length);
    return length;
  } finally {
    io.closeSync(fd);
  }
}

/**
 * Reads a whole file, at most `limit` bytes of it, into `scratch` as long as it fits there: the
 * bytes are good until the next read with the same scratch.
 */
export function readWhole(
  io: ProcfsIo,
  path: string,
  limit: number,
  scratch = new Uint8Array(FIRST_CHUNK),
): Bytes {
  const fd = retryInterrupted(() => io.openSync(path, 'r'));
  try {
    // One byte more than the limit tells a file that is exactly as long from a longer one.
    let buffer = scratch.subarray(0, limit + 1);
    let length = 0;
    for (;;) {
      if (length === buffer.length) {
        if (length > limit) break;
        buffer = grown(buffer, limit + 1);
      }
      const into = buffer;
      const from = length;
      const n = retryInterrupted(() => io.readSync(fd, into, from, into.length - from, null));
      if (n === 0) break;
      length += n;
    }
    return bounded(buffer, length, limit);
  } finally {
    io.closeSync(fd);
  }
}

/** Why there is no more of a file. */
interface End {
  /** Undefined where all of it was read. */
  readonly error: unknown;
}

/** How many bytes came, or that there are no more. */
function readPart(io: ProcfsIo, fd: number, into: Uint8Array, from: number): number | End {
  try {
    const n = retryInterrupted(() => io.readSync(fd, into, from, into.length - from, null));
    return n === 0 ? { error: undefined } : n;
  } catch (error) {
    return { error };
  }
}

/** Of those who have read to their end: as large, so that the next one need not have it cleared and brought in. */
let spare: Uint8Array | undefined;

/**
 * A file piece by piece, at most `limit` bytes of it: the kernel gives a page at a time, and looking at each by itself
 * costs more than reading it. Each piece is good until the next one; the file is closed when that is left.
 */
export function* piecesOf(io: ProcfsIo, path: string, limit: number): Generator<Uint8Array> {
  const fd = retryInterrupted(() => io.openSync(path, 'r'));
  const buffer = spare ?? new Uint8Array(PIECE);
  spare = undefined;
  try {
    let end: End | undefined;
    for (let length = 0; end === undefined && length < limit; ) {
      let filled = 0;
      for (let reads = 0; end === undefined && reads < READS && filled < PIECE; reads++) {
        const part = readPart(io, fd, buffer, filled);
        if (typeof part === 'number') filled += part;
        else end = part;
      }
      length += filled;
      if (filled > 0) yield buffer.subarray(0, filled);
    }
    if (end?.error !== undefined) throw end.error;
  } finally {
    io.closeSync(fd);
    spare = buffer;
  }
}

/** `readWhole` with the waiting done by the runtime's thread pool. */
export async function readWholeAsync(io: ProcfsIo, path: string, limit: number): Promise<Bytes> {
  const handle = await retryInterruptedAsync(() => io.open(path, 'r'));
  try {
    let buffer = new Uint8Array(Math.min(FIRST_CHUNK, limit + 1));
    let length = 0;
    for (;;) {
      if (length === buffer.length) {
        if (length > limit) break;
        buffer = grown(buffer, limit + 1);
      }
      const into = buffer;
      const from = length;
      const { bytesRead } = await retryInterruptedAsync(() =>
        handle.read(into, from, into.length - from, null),
      );
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bounded(buffer, length, limit);
  } finally {
    await handle.close();
  }
}

function grown(buffer: Uint8Array<ArrayBuffer>, max: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(max, buffer.length * 4));
  larger.set(buffer);
  return larger;
}

function bounded(buffer: Uint8Array, length: number, limit: number): Bytes {
  return { bytes: buffer.subarray(0, Math.min(length, limit)), truncated: length > limit };
}
