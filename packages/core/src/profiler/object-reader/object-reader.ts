// Asks a thread of its own to read objects, so that parsing a browser's tables delays neither events
// nor the drain of samples. Where no thread can be had, the same work is done in place.

import { WorkerThread } from '@waggle/ffi';
import type { ObjectFile } from '../object-files.ts';
import { ObjectReading } from './object-reading.ts';
import type { AnswerTo, Order, Question, ReaderConfig, Reply } from './protocol.ts';

interface Asked {
  readonly question: Question;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** What is asked of a reader after it was closed, or was being asked then. */
export class ReaderClosed extends Error {
  override readonly name = 'ReaderClosed';

  constructor() {
    super('the object reader has been closed');
  }
}

export class ObjectReader implements Disposable {
  private readonly asked = new Map<number, Asked>();
  private readonly worker: WorkerThread;
  private inPlace: ObjectReading | undefined;
  private nextId = 0;
  private closed = false;

  constructor(private readonly config: ReaderConfig) {
    this.worker = new WorkerThread(
      {
        beside: import.meta.url,
        name: 'object-reader-worker',
        embedded: () => import('../../generated/object-reader-worker.ts'),
      },
      {
        message: (data) => this.receive(data as Reply),
        error: () => this.goOnInPlace(),
      },
    );
    this.worker.postMessage({ type: 'start', config } satisfies Order);
  }

  /**
   * Rejects with ReaderClosed, or with an error whose message is that of the system's when a file
   * could not be read. Answers come as question-queue.ts has it.
   */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    if (this.closed) return Promise.reject(new ReaderClosed());
    return new Promise<AnswerTo<Q>>((resolve, reject) => {
      const id = this.nextId++;
      this.asked.set(id, { question, resolve, reject });
      if (this.inPlace !== undefined) this.answerInPlace(id);
      else this.send({ type: 'ask', id, question });
    });
  }

  /** Objects that are being read, or are about to be. */
  *reading(): Generator<ObjectFile> {
    for (const { question } of this.asked.values()) if ('object' in question) yield question.object;
  }

  /** Ends the thread, whatever it is doing. */
  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.worker.terminate();
    this.inPlace?.[Symbol.dispose]();
    for (const { reject } of this.asked.values()) reject(new ReaderClosed());
    this.asked.clear();
  }

  private send(order: Order): void {
    // What keeps the process alive is a question, not this thread.
    if (this.asked.size === 1) this.worker.ref();
    this.worker.postMessage(order);
  }

  private receive(reply: Reply): void {
    const asked = this.asked.get(reply.id);
    if (asked === undefined) return;
    this.asked.delete(reply.id);
    if (this.asked.size === 0) this.worker.unref();
    if ('answer' in reply) asked.resolve(reply.answer as never);
    else asked.reject(new Error(reply.failure));
  }

  /** The thread could not start, or broke down. */
  private goOnInPlace(): void {
    if (this.closed || this.inPlace !== undefined) return;
    this.inPlace = new ObjectReading(this.config);
    for (const id of [...this.asked.keys()]) this.answerInPlace(id);
  }

  private answerInPlace(id: number): void {
    const asked = this.asked.get(id);
    if (asked === undefined) return;
    this.asked.delete(id);
    this.inPlace ??= new ObjectReading(this.config);
    try {
      asked.resolve(this.inPlace.answer(asked.question) as never);
    } catch (error) {
      asked.reject(error as Error);
    }
  }
}
