/**
 * Requests that wait for their receiver, as files: what was taken is there after a kill of the agent, and goes when it
 * was delivered. Bounded: when it is full, the oldest go, profiles before metrics before logs, and are counted. Where
 * the disk does not take a file, the request waits in memory, as far as there is room for it.
 */

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Signal } from '../signal.ts';

/** `NUMBER-SIGNAL-ITEMS.pb.gz`: in the order of numbers. */
const NAME = /^(\d{15})-(logs|metrics|profiles)-(\d{1,9})\.pb\.gz$/;
const DIGITS = 15;
/** Of requests that no disk takes. */
const MAX_MEMORY_BYTES = 4 << 20;
/** What is given up first. */
const DROPPED_FIRST: readonly Signal[] = ['profiles', 'metrics', 'logs'];

export interface SpoolOptions {
  /** Made with mode 0700 where it is not there. */
  readonly directory: string;
  readonly maxBytes: number;
  /** Once until it is over. */
  readonly onProblem: (message: string) => void;
}

export interface Spooled {
  readonly signal: Signal;
  /** Records, metrics, or one profile. */
  readonly items: number;
  readonly number: number;
  readonly bytes: number;
  /** Where the disk did not take it. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Of an agent before this one: it may have been cut. */
  readonly isLeft: boolean;
}

export class SpoolError extends Error {
  override readonly name = 'SpoolError';
  readonly code = 'unwritable';
}

export class Spool {
  readonly #directory: string;
  readonly #onProblem: (message: string) => void;
  #maxBytes: number;
  readonly #queues: Readonly<Record<Signal, Spooled[]>> = { logs: [], metrics: [], profiles: [] };
  readonly #lost = { logs: 0, metrics: 0, profiles: 0 };
  readonly #sending = new Set<Spooled>();
  #bytes = 0;
  #memoryBytes = 0;
  #next = 1;
  #hasProblem = false;
  #isFull = false;

  /** @throws SpoolError */
  constructor({ directory, maxBytes, onProblem }: SpoolOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#onProblem = onProblem;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.#readLeft();
    } catch (error) {
      throw new SpoolError(`nothing can be spooled in ${directory}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#bound();
  }

  get bytes(): number {
    return this.#bytes + this.#memoryBytes;
  }

  /** Items that wait. */
  waiting(signal: Signal): number {
    return this.#queues[signal].reduce((sum, { items }) => sum + items, 0);
  }

  /** Items that there was no room for, or that were damaged, since the start. */
  lost(signal: Signal): number {
    return this.#lost[signal];
  }

  setMaxBytes(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#bound();
  }

  /** @param body a request, compressed by gzip */
  put(signal: Signal, items: number, body: Uint8Array<ArrayBuffer>): void {
    const number = this.#next++;
    const about = { signal, items, number, bytes: body.length, isLeft: false };
    const path = this.#pathOf(about);
    try {
      // Nobody else's file or link is written to.
      writeFileSync(`${path}.tmp`, body, { mode: 0o600, flag: 'wx' });
      renameSync(`${path}.tmp`, path);
      this.#queues[signal].push({ ...about, body: undefined });
      this.#bytes += body.length;
      this.#hasProblem = false;
    } catch (error) {
      rmSync(`${path}.tmp`, { force: true });
      this.#queues[signal].push({ ...about, body });
      this.#memoryBytes += body.length;
      if (!this.#hasProblem)
        this.#onProblem(
          `nothing can be spooled in ${this.#directory}: ${messageOf(error)}; what is to be sent waits in memory as far as it has room, and is counted beyond`,
        );
      this.#hasProblem = true;
    }
    this.#bound();
  }

  /** The oldest, which stays until it is `done`. */
  next(signal: Signal): Spooled | undefined {
    return this.#queues[signal][0];
  }

  /** Its bytes; undefined where they are damaged or gone, and it is counted as lost. */
  read(spooled: Spooled): Uint8Array<ArrayBuffer> | undefined {
    this.#sending.add(spooled);
    if (spooled.body !== undefined) return spooled.body;
    try {
      const bytes = new Uint8Array(readFileSync(this.#pathOf(spooled)));
      if (spooled.isLeft) gunzipSync(bytes);
      return bytes;
    } catch {
      this.#drop(spooled);
      return undefined;
    }
  }

  /** It was delivered, or refused: it goes. */
  done(spooled: Spooled): void {
    const queue = this.#queues[spooled.signal];
    const at = queue.indexOf(spooled);
    if (at < 0) return;
    queue.splice(at, 1);
    this.#sending.delete(spooled);
    if (spooled.body === undefined) {
      this.#bytes -= spooled.bytes;
      rmSync(this.#pathOf(spooled), { force: true });
    } else this.#memoryBytes -= spooled.bytes;
    if (this.bytes < this.#maxBytes / 2) this.#isFull = false;
  }

  /** It was not delivered: it may be dropped again while it waits. */
  waitsAgain(spooled: Spooled): void {
    this.#sending.delete(spooled);
  }

  #drop(spooled: Spooled): void {
    this.#lost[spooled.signal] += spooled.items;
    this.done(spooled);
  }

  #bound(): void {
    while (this.#bytes > this.#maxBytes && this.#dropOldest((each) => each.body === undefined))
      if (!this.#isFull) {
        this.#isFull = true;
        this.#onProblem(
          `the spool in ${this.#directory} is full: the oldest profiles, then metrics, then logs are dropped and counted until the receiver is back`,
        );
      }
    while (this.#memoryBytes > MAX_MEMORY_BYTES)
      if (!this.#dropOldest(({ body }) => body !== undefined)) break;
  }

  #dropOldest(where: (spooled: Spooled) => boolean): boolean {
    for (const signal of DROPPED_FIRST) {
      const oldest = this.#queues[signal].find((each) => where(each) && !this.#sending.has(each));
      if (oldest === undefined) continue;
      this.#drop(oldest);
      return true;
    }
    return false;
  }

  #readLeft(): void {
    for (const name of readdirSync(this.#directory).sort()) {
      const path = join(this.#directory, name);
      // An agent was killed while it wrote: nobody was told that it was taken.
      if (name.endsWith('.pb.gz.tmp')) rmSync(path, { force: true });
      const [, number, signal, items] = NAME.exec(name) ?? [];
      if (number === undefined) continue;
      const stat = lstatSync(path);
      // A FIFO would be waited for.
      if (!stat.isFile()) continue;
      const { size } = stat;
      this.#queues[signal as Signal].push({
        ...{ signal: signal as Signal, items: Number(items), number: Number(number) },
        ...{ bytes: size, body: undefined, isLeft: true },
      });
      this.#bytes += size;
      this.#next = Math.max(this.#next, Number(number) + 1);
    }
  }

  #pathOf({ number, signal, items }: Pick<Spooled, 'number' | 'signal' | 'items'>): string {
    const name = `${String(number).padStart(DIGITS, '0')}-${signal}-${items}.pb.gz`;
    return join(this.#directory, name);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
