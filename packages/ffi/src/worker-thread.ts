/**
 * Starts a worker of one of our packages. Its file lies beside the source or beside the published
 * build; where a bundler took the code elsewhere and left the file behind (`bun build`, with --compile
 * too), the worker is started from its text, which is embedded in the package and goes along with
 * whoever imports it.
 */

import { existsSync } from 'node:fs';
import { isComputing } from './thread-state.ts';

/** How often a thread is looked at that may not be ended now, in ms, and how often in a row it has to compute. */
const LOOK_MS = 100;
const LOOKS_COMPUTING = 2;

export interface WorkerPlace {
  /** `import.meta.url` of the source that starts the worker. */
  readonly beside: string;
  /** The file's name without its extension: it ends in `worker`. */
  readonly name: string;
  /** The generated module with the worker's text, imported only where the file is missing. */
  readonly embedded: () => Promise<{ readonly source: string }>;
}

export interface WorkerListener {
  /** What the worker sends. */
  message?(data: unknown): void;
  /** Once, never before the constructor has returned: it could not start, or ended before it was told to. */
  error(): void;
  /** It has ended, whether it was told to or not. Only Bun says so. */
  closed?(): void;
}

/** Bun's and Deno's; a runtime without them keeps running until the thread is ended. */
interface Referable {
  ref?(): void;
  unref?(): void;
}

/**
 * A worker that does not keep the process alive unless ref() says so. Messages are kept until it has
 * started, and are delivered in order.
 */
export class WorkerThread {
  readonly #listener: WorkerListener;
  #worker: Worker | undefined;
  #waiting: [message: unknown, transfer: ArrayBuffer[]][] = [];
  #referenced = false;
  #ended = false;
  #failed = false;

  constructor(place: WorkerPlace, listener: WorkerListener) {
    this.#listener = listener;
    const file = fileOf(place);
    if (file !== undefined) this.#start(file);
    else
      place.embedded().then(
        ({ source }) => this.#start(textUrl(source)),
        () => this.#fail(),
      );
  }

  postMessage(message: unknown, transfer: ArrayBuffer[] = []): void {
    if (this.#worker !== undefined) this.#worker.postMessage(message, transfer);
    else if (!this.#ended && !this.#failed) this.#waiting.push([message, transfer]);
  }

  /** The process goes on while the worker does. */
  ref(): void {
    this.#referenced = true;
    (this.#worker as Referable | undefined)?.ref?.();
  }

  unref(): void {
    this.#referenced = false;
    (this.#worker as Referable | undefined)?.unref?.();
  }

  /** Ends it: one that computes or waits for messages. */
  terminate(): void {
    this.#ended = true;
    this.unref();
    this.#worker?.terminate();
  }

  /**
   * Ends one that may be in a call of the system that never returns, as where a file system does not
   * answer. A runtime ends a thread by a signal, and waits until the thread has taken it: all of the process
   * would wait with it for ever. So it is ended once it is seen to compute. Until then it goes on, nobody
   * hears it, and the process does not wait for it when it ends; a worker that returns should end itself
   * when it is told to.
   * @param thread its number (threadId()); undefined until it has told
   */
  terminateWhenComputing(thread: () => number | undefined): void {
    this.#ended = true;
    this.unref();
    let computing = 0;
    const look = () => {
      const known = thread();
      const state = known === undefined ? false : isComputing(known);
      if (state === undefined) return;
      computing = state ? computing + 1 : 0;
      if (computing >= LOOKS_COMPUTING) this.#worker?.terminate();
      else later(look);
    };
    look();
  }

  #fail(): void {
    if (this.#ended || this.#failed) return;
    this.#failed = true;
    this.#waiting = [];
    queueMicrotask(() => this.#listener.error());
  }

  #start(url: URL): void {
    if (this.#ended) return;
    try {
      const worker = new Worker(url, { type: 'module' });
      worker.addEventListener('message', ({ data }: MessageEvent) =>
        this.#listener.message?.(data),
      );
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        this.#fail();
      });
      // It may end without an error: by process.exit(), or since there was no memory for it.
      worker.addEventListener('close', () => {
        this.#fail();
        queueMicrotask(() => this.#listener.closed?.());
      });
      this.#worker = worker;
    } catch {
      this.#fail();
      return;
    }
    if (!this.#referenced) this.unref();
    for (const [message, transfer] of this.#waiting) this.#worker.postMessage(message, transfer);
    this.#waiting = [];
  }
}

/** The process does not wait for it. */
function later(look: () => void): void {
  const timer: unknown = setTimeout(look, LOOK_MS);
  // A number where timers are those of the web.
  if (typeof timer === 'object') (timer as Referable).unref?.();
  else (globalThis as { Deno?: { unrefTimer(id: unknown): void } }).Deno?.unrefTimer(timer);
}

/** Sources start sources, builds start builds. */
function fileOf({ beside, name }: WorkerPlace): URL | undefined {
  const extension = beside.endsWith('.ts') ? 'ts' : 'js';
  const url = new URL(`./${name}.${extension}`, beside);
  return url.protocol !== 'file:' || existsSync(url) ? url : undefined;
}

/** For as long as the process lives: a runtime may read it later than `new Worker` returns. */
function textUrl(source: string): URL {
  return new URL(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
}
