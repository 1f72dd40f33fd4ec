/**
 * Reads files that may never answer: those of a file system whose server is a process or another host, and
 * memory of a process that has such a file mapped. A thread of ours that waits there may not be ended by
 * anything, SIGKILL included (request_wait_answer() of fs/fuse/dev.c), and a process whose thread cannot end
 * does not end. So a small process of its own reads, is waited for no longer than it may take, and is then
 * left to the system.
 *
 * Synchronous, as what asks is; usable in any thread, since nothing native is called. Only Bun hands over the
 * descriptor that this needs: elsewhere the file is read in place.
 */

import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors/errno-of.ts';
import { SystemError } from '../errors/system-error.ts';

/** What tells one state of a file from another. Times in ns since the epoch. */
export interface GuardedStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly uid: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface GuardedFile extends Disposable {
  readonly status: GuardedStatus;
  /**
   * How many bytes were read, fewer than asked for at the end of the file.
   * @throws SystemError; with the code ETIMEDOUT when there was no answer in time
   */
  read(into: Uint8Array, offset: number): number;
}

const OPEN = 0;
const READ = 1;
const CLOSE = 2;
/** Operation, file, offset, length. */
const REQUEST_BYTES = 24;
const STATUS_FIELDS = ['dev', 'ino', 'size', 'uid', 'mtimeNs', 'ctimeNs'] as const;
const STATUS_BYTES = 8 * STATUS_FIELDS.length;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const MAX_READ_BYTES = 1024 * 1024;
/** errno(3) */
const EIO = 5;
const EINVAL = 22;
const ETIMEDOUT = 110;
/** A process that starts on a busy host; nothing that others wrote is read by then. */
const START_MS = 3000;
/** Each timeout halves the patience, so that many files that do not answer take little more than one. */
const MIN_PATIENCE_MS = 10;
/** Processes that the system does not let end. */
const MAX_STUCK = 4;
const SHORT_WAITS = 50;

/**
 * What the process runs: it speaks by descriptor 3, a socket, and ends with it. Signals of a terminal are for
 * the one that started it. Kept to what Node's modules offer.
 */
const SCRIPT = `
const fs = require('node:fs');
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const files = new Map();
const again = (call) => { for (;;) try { return call(); } catch (e) { if (e.code !== 'EINTR') throw e; } };
const get = (bytes) => { for (let at = 0; at < bytes.length;) {
  const got = again(() => fs.readSync(3, bytes, at, bytes.length - at, null));
  if (got === 0) process.exit();
  at += got;
} return bytes; };
const put = (status, body) => {
  const all = Buffer.concat([Buffer.alloc(4), body ?? Buffer.alloc(0)]);
  all.writeInt32LE(status);
  for (let at = 0; at < all.length;) at += again(() => fs.writeSync(3, all, at));
};
const open = (id, path) => {
  const fd = again(() => fs.openSync(path, ${OPEN_FLAGS}));
  const status = fs.fstatSync(fd, { bigint: true });
  if (!status.isFile()) { fs.closeSync(fd); put(-${EINVAL}); return; }
  files.set(id, fd);
  const body = Buffer.alloc(${STATUS_BYTES});
  ${JSON.stringify(STATUS_FIELDS)}.forEach((field, at) => body.writeBigInt64LE(BigInt.asIntN(64, status[field]), 8 * at));
  put(body.length, body);
};
put(0);
for (;;) {
  const head = get(Buffer.alloc(${REQUEST_BYTES}));
  const [operation, id, length] = [0, 4, 16].map((at) => head.readUInt32LE(at));
  const offset = head.readDoubleLE(8);
  try {
    if (operation === ${OPEN}) open(id, get(Buffer.alloc(length)).toString());
    else if (operation === ${READ}) {
      const body = Buffer.alloc(length);
      const got = again(() => fs.readSync(files.get(id), body, 0, length, offset));
      put(got, body.subarray(0, got));
    } else { fs.closeSync(files.get(id)); files.delete(id); put(0); }
  } catch (error) { put(-(Math.abs(error.errno) || ${EIO})); }
}
`;

/** Told which descriptors there are: those of a thread that is ended are closed by whoever ends it. */
export interface DescriptorNotes {
  /** It is open. */
  opened(fd: number): void;
  /** It is closed next. */
  closing(fd: number): void;
}

interface Helper {
  readonly fd: number;
  kill(): void;
}

/** As far as it is used here. */
interface BunRuntime {
  spawn(options: object): {
    readonly pid: number;
    readonly stdio: readonly unknown[];
    readonly exited: Promise<number>;
    kill(signal: string): void;
    unref(): void;
  };
}

export class GuardedReader implements Disposable {
  #helper: Helper | undefined;
  #patienceMs: number;
  #stuck = 0;
  #files = 0;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  readonly #notes: DescriptorNotes | undefined;

  /**
   * @param patienceMs how long one call may take, until the first that takes longer
   * @param notes told of the descriptor by which the process is spoken with: it ends when that is closed
   */
  constructor(patienceMs: number, notes?: DescriptorNotes) {
    this.#patienceMs = patienceMs;
    this.#notes = notes;
  }

  /**
   * A regular file at a path as the whole process sees it: `/proc/self` would be another one there.
   * @throws SystemError, or the runtime's error of the same form; ETIMEDOUT when there was no answer in time
   */
  open(path: string): GuardedFile {
    const { Bun } = globalThis as { Bun?: BunRuntime };
    if (Bun === undefined) return openHere(path);
    const id = ++this.#files;
    const helper = this.#start(Bun);
    const name = Buffer.from(path);
    const body = Buffer.alloc(STATUS_BYTES);
    this.#ask(helper, 'open', { operation: OPEN, id, offset: 0, length: name.length }, body, name);
    const values = STATUS_FIELDS.map((field, at) => [field, body.readBigInt64LE(8 * at)] as const);
    const status = Object.fromEntries(values) as unknown as GuardedStatus;
    return {
      status,
      read: (into, offset) => {
        // What another one has opened is not this one's.
        if (helper !== this.#helper) throw new SystemError('read', ETIMEDOUT);
        const length = Math.min(into.length, MAX_READ_BYTES);
        return this.#ask(helper, 'read', { operation: READ, id, offset, length }, into);
      },
      [Symbol.dispose]: () => {
        if (helper !== this.#helper) return;
        this.#ask(helper, 'close', { operation: CLOSE, id, offset: 0, length: 0 });
      },
    };
  }

  [Symbol.dispose](): void {
    this.#helper?.kill();
    this.#helper = undefined;
  }

  #start(bun: BunRuntime): Helper {
    if (this.#helper !== undefined) return this.#helper;
    if (this.#stuck >= MAX_STUCK) throw new SystemError('open', ETIMEDOUT);
    const flags = ['--config=/dev/null', '--no-env-file', '--no-install', '--smol'];
    const child = bun.spawn({
      cmd: [process.execPath, ...flags, '-e', SCRIPT],
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      cwd: '/',
      // A program that was compiled by Bun is Bun as well.
      env: { BUN_BE_BUN: '1' },
    });
    child.unref();
    this.#stuck++;
    child.exited.finally(() => {
      this.#stuck--;
    });
    const fd = child.stdio[3] as number;
    this.#notes?.opened(fd);
    let isOpen = true;
    const helper: Helper = {
      fd,
      kill: () => {
        child.kill('SIGKILL');
        if (isOpen) {
          this.#notes?.closing(fd);
          closeSync(fd);
        }
        isOpen = false;
      },
    };
    this.#helper = helper;
    this.#receive(helper, 'start', Buffer.alloc(4), START_MS);
    return helper;
  }

  /** Status of the answer, whose body is in `into` then. */
  #ask(
    helper: Helper,
    operation: string,
    request: Readonly<Record<'operation' | 'id' | 'offset' | 'length', number>>,
    into: Uint8Array = new Uint8Array(0),
    more: Uint8Array = new Uint8Array(0),
  ): number {
    const head = Buffer.alloc(REQUEST_BYTES);
    head.writeUInt32LE(request.operation, 0);
    head.writeUInt32LE(request.id, 4);
    head.writeDoubleLE(request.offset, 8);
    head.writeUInt32LE(request.length, 16);
    const answer = Buffer.alloc(4);
    try {
      writeSync(helper.fd, Buffer.concat([head, more]));
    } catch {
      this.#abandon(helper);
      throw new SystemError(operation, EIO);
    }
    this.#receive(helper, operation, answer, this.#patienceMs);
    const status = answer.readInt32LE();
    if (status < 0) throw new SystemError(operation, -status);
    this.#receive(helper, operation, into.subarray(0, status), this.#patienceMs);
    return status;
  }

  #receive(helper: Helper, operation: string, into: Uint8Array, withinMs: number): void {
    const until = performance.now() + withinMs;
    for (let at = 0, waits = 0; at < into.length; ) {
      let got: number | undefined;
      try {
        got = readSync(helper.fd, into, at, into.length - at, null);
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN') got = 0;
      }
      if (got === 0) {
        this.#abandon(helper);
        throw new SystemError(operation, EIO);
      }
      at += got ?? 0;
      if (got !== undefined) continue;
      if (performance.now() > until) {
        this.#patienceMs = Math.max(this.#patienceMs / 2, MIN_PATIENCE_MS);
        this.#abandon(helper);
        throw new SystemError(operation, ETIMEDOUT);
      }
      Atomics.wait(this.#cell, 0, 0, waits++ < SHORT_WAITS ? 0.05 : 1);
    }
  }

  #abandon(helper: Helper): void {
    helper.kill();
    if (this.#helper === helper) this.#helper = undefined;
  }
}

function openHere(path: string): GuardedFile {
  const fd = openSync(path, OPEN_FLAGS);
  const status = fstatSync(fd, { bigint: true });
  if (!status.isFile()) {
    closeSync(fd);
    throw new SystemError('open', EINVAL);
  }
  return {
    status,
    read: (into, offset) => readSync(fd, into, 0, into.length, offset),
    [Symbol.dispose]: () => closeSync(fd),
  };
}
