/**
 * Asks a thread of its own to read objects, so that parsing a browser's tables delays neither events
 * nor the drain of samples. What it reads is written by whoever is watched, or lies on a file system that
 * does not answer: a request that takes too long is left out, with the thread that was at it. Where no
 * thread can be had, the same work is done in place.
 */

import { log, WorkerThread } from '@waggle/ffi';
import { DescriptorLedger } from '@waggle/symbols';
import type { ObjectFile } from '../mappings/object-file.ts';
import { DESCRIPTORS_ARE_SHARED } from '../mappings/open-flags.ts';
import {
  type ClientMessage,
  leftOut,
  type ReaderConfig,
  type ResponseTo,
  type ServerMessage,
  type SymbolizationRequest,
} from './protocol.ts';
import { SymbolizationServer } from './symbolization-server.ts';

interface Asked {
  readonly request: SymbolizationRequest;
  /** How long it may take from now on, in ms; nothing is left when all that were asked with it took too long. */
  readonly msLeft: () => number;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** What is asked of a client after it was closed, or was being asked then. */
export class ReaderClosed extends Error {
  override readonly name = 'ReaderClosed';

  constructor() {
    super('symbolization has been closed');
  }
}

/** More than reading may take by its own budget (symbolization-server.ts), which not every loop looks at. */
const MAX_MS = 12_000;
/** Time is counted in so many parts: of that in which the whole process was stopped, one counts. */
const PARTS = 8;

export class SymbolizationClient implements Disposable {
  /** In the order in which they were asked. */
  readonly #asked = new Map<number, Asked>();
  /** The one that the thread is at, if it has said so. */
  #begun: number | undefined;
  #worker: WorkerThread | undefined;
  /** The system's number of each thread that has told it. */
  readonly #threads = new WeakMap<WorkerThread, number>();
  #inPlace: SymbolizationServer | undefined;
  #nextId = 0;
  #closed = false;
  #ended = false;
  #watch: ReturnType<typeof setTimeout> | undefined;

  readonly #config: ReaderConfig;

  /** The thread starts with the first question: a short command may have none. */
  constructor(config: ReaderConfig) {
    this.#config = config;
  }

  /**
   * Rejects with ReaderClosed, or with an error whose message is that of the system's when a file
   * could not be read. Answers come as request-queue.ts has it.
   * @param msLeft how long it may take: asked once the thread is at it; then it is left out
   */
  ask<Q extends SymbolizationRequest>(request: Q, msLeft = () => MAX_MS): Promise<ResponseTo<Q>> {
    if (this.#closed) return Promise.reject(new ReaderClosed());
    if (this.#ended) return Promise.resolve(leftOut(request, 'unfinished'));
    return new Promise<ResponseTo<Q>>((resolve, reject) => {
      const id = this.#nextId++;
      this.#asked.set(id, { request, msLeft, resolve, reject });
      if (this.#inPlace !== undefined) this.#answerInPlace(id);
      else this.#send(id, request);
    });
  }

  /** Answers what was asked until now, of one kind or of all, with nothing, whatever is being read. */
  leaveOut(kind?: SymbolizationRequest['kind']): void {
    const fits = ({ request }: Asked) => kind === undefined || request.kind === kind;
    this.#leave([...this.#asked.keys()].filter((id) => fits(this.#asked.get(id) as Asked)));
  }

  /** Reads nothing any more: what was asked, and what will be, is left out. */
  end(): void {
    this.#ended = true;
    this.leaveOut();
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Ends the thread, or leaves it to itself where the system does not let it end. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#watch);
    if (this.#asked.size === 0) this.#worker?.terminate();
    else this.#endBusy();
    this.#inPlace?.[Symbol.dispose]();
    for (const { reject } of this.#asked.values()) reject(new ReaderClosed());
    this.#asked.clear();
  }

  #start(): WorkerThread {
    const descriptors = DESCRIPTORS_ARE_SHARED ? new DescriptorLedger() : undefined;
    const worker: WorkerThread = new WorkerThread(
      {
        beside: import.meta.url,
        name: 'symbolization-worker',
        embedded: () => import('../generated/symbolization-worker.ts'),
      },
      {
        // Of one that is to end, only its number is heard.
        message: (data) => {
          const reply = data as ServerMessage;
          if ('thread' in reply) this.#threads.set(worker, reply.thread);
          else if (worker === this.#worker) this.#receive(reply);
        },
        // Not of one that was ended.
        error: () => worker === this.#worker && this.#goOnWithoutIt(),
        // Of one that was ended in the middle of a file, nobody else would.
        closed: () => descriptors?.closeAll(),
      },
    );
    worker.postMessage({
      type: 'start',
      config: this.#config,
      descriptors: descriptors?.memory,
    } satisfies ClientMessage);
    return worker;
  }

  /** Objects that are being read, or are about to be. */
  *reading(): Generator<ObjectFile> {
    for (const { request } of this.#asked.values()) if ('object' in request) yield request.object;
  }

  #send(id: number, request: SymbolizationRequest): void {
    this.#worker ??= this.#start();
    // What keeps the process alive is a request, not this thread.
    if (this.#asked.size === 1) {
      this.#worker.ref();
      this.#watchTime();
    }
    this.#worker.postMessage({ type: 'ask', id, request } satisfies ClientMessage);
  }

  #receive(reply: Exclude<ServerMessage, { thread: number }>): void {
    if ('begun' in reply) {
      this.#begun = reply.begun;
      this.#watchTime();
      return;
    }
    const asked = this.#asked.get(reply.id);
    if (asked === undefined) return;
    this.#asked.delete(reply.id);
    if (this.#asked.size === 0) this.#worker?.unref();
    this.#watchTime();
    logAnswer(asked.request, reply);
    if ('answer' in reply) asked.resolve(reply.answer as never);
    else asked.reject(new Error(reply.failure));
  }

  /** Begins to count the time of the request that the thread is at, or must be. */
  #watchTime(): void {
    clearTimeout(this.#watch);
    const [first] = this.#asked.keys();
    if (first === undefined || this.#inPlace !== undefined) return;
    const id = this.#begun !== undefined && this.#asked.has(this.#begun) ? this.#begun : first;
    const { msLeft } = this.#asked.get(id) as Asked;
    this.#wait(id, Math.min(Math.max(msLeft(), 0), MAX_MS) / PARTS, PARTS);
  }

  #wait(id: number, ms: number, parts: number): void {
    this.#watch = setTimeout(() => {
      if (parts > 1) this.#wait(id, ms, parts - 1);
      else this.#tookTooLong(id);
    }, ms);
  }

  /** With it go those whose time is over before they were begun. */
  #tookTooLong(slow: number): void {
    const over = [...this.#asked].filter(([id, { msLeft }]) => id !== slow && msLeft() <= 0);
    this.#leave([slow, ...over.map(([id]) => id)], this.#begun === slow ? slow : undefined);
  }

  /** @param slow the one that the thread was at for too long */
  #leave(ids: readonly number[], slow?: number): void {
    if (ids.length === 0 || this.#closed) return;
    const left = ids.map((id) => ({ id, ...(this.#asked.get(id) as Asked) }));
    for (const id of ids) this.#asked.delete(id);
    if (this.#inPlace === undefined) this.#startAnew();
    for (const { id, request, resolve } of left) {
      if ('object' in request) refuse(request, 'unfinished');
      const answer = leftOut(request, 'unfinished');
      resolve((id === slow ? { ...answer, isSlow: true } : answer) as never);
    }
  }

  /** Its thread may be in a call of the system that never returns. */
  #endBusy(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.postMessage({ type: 'end' } satisfies ClientMessage);
    worker?.terminateWhenComputing(() => this.#threads.get(worker));
  }

  /** The thread is at something that nobody waits for any more. */
  #startAnew(): void {
    this.#endBusy();
    this.#begun = undefined;
    clearTimeout(this.#watch);
    if (this.#asked.size === 0) return;
    this.#worker = this.#start();
    this.#worker.ref();
    for (const [id, { request }] of this.#asked)
      this.#worker.postMessage({ type: 'ask', id, request } satisfies ClientMessage);
    this.#watchTime();
  }

  /** The thread could not start, or broke down: a request that did that is not asked again. */
  #goOnWithoutIt(): void {
    if (this.#begun !== undefined && this.#asked.has(this.#begun)) this.#leave([this.#begun]);
    else this.#goOnInPlace();
  }

  #goOnInPlace(): void {
    if (this.#closed || this.#inPlace !== undefined) return;
    clearTimeout(this.#watch);
    this.#inPlace = new SymbolizationServer(this.#config);
    for (const id of [...this.#asked.keys()]) this.#answerInPlace(id);
  }

  #answerInPlace(id: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    this.#inPlace ??= new SymbolizationServer(this.#config);
    try {
      asked.resolve(this.#inPlace.answer(asked.request) as never);
    } catch (error) {
      asked.reject(error as Error);
    }
  }
}

/** What was read, or why not, for WAGGLE_LOG. */
function logAnswer(
  request: SymbolizationRequest,
  reply: Exclude<ServerMessage, { begun: number } | { thread: number }>,
): void {
  if (!('object' in request)) return;
  if ('failure' in reply) {
    refuse(request, reply.failure);
    return;
  }
  const { left } = reply.answer as { left?: string };
  if (left !== undefined) refuse(request, left);
  else log('loaded', () => ({ what: WHAT[request.kind], name: request.object.path }));
}

function refuse(request: Extract<SymbolizationRequest, { object: ObjectFile }>, why: string): void {
  log('refused', () => ({ what: WHAT[request.kind], name: request.object.path, why }));
}

const WHAT = { 'unwind-table': 'call frame information of', functions: 'names of' } as const;
