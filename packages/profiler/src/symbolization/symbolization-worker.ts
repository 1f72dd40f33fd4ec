// The thread of symbolization-client.ts: answers one question at a time.

import { setImmediate } from 'node:timers';
import { threadId } from '@waggle/ffi';
import type { Answers, Order, Reply } from './protocol.ts';
import { type Ask, QuestionQueue } from './request-queue.ts';
import { ObjectReading } from './symbolization-server.ts';
import { ThreadDescriptors } from './thread-descriptors.ts';

/** Of the web's workers, which the types of neither runtime have together. */
interface DedicatedScope {
  close(): void;
}

const descriptors = new ThreadDescriptors();
const queue = new QuestionQueue();
let reading: ObjectReading | undefined;
let isScheduled = false;

function obey(order: Order): void {
  if (order.type === 'end') {
    (globalThis as unknown as DedicatedScope).close();
    return;
  }
  if (order.type === 'start') {
    postMessage({ thread: threadId() ?? 0 } satisfies Reply);
    reading = new ObjectReading(order.config);
    return;
  }
  if (reading === undefined) throw new Error('a question before the start');
  try {
    queue.add({ ...order, question: descriptors.translate(order.question) });
  } catch (error) {
    postMessage(failure(order.id, error));
  }
  schedule();
}

/** After what has been asked meanwhile has come in: the next one is chosen from all. */
function schedule(): void {
  if (isScheduled || queue.size === 0) return;
  isScheduled = true;
  // No timer: on a busy host a thread that sleeps between two questions waits long for its turn.
  setImmediate(() => {
    isScheduled = false;
    const ask = queue.take();
    if (ask !== undefined) answer(ask);
    schedule();
  });
}

function answer({ id, question }: Ask): void {
  postMessage({ begun: id } satisfies Reply);
  let reply: Reply;
  try {
    if (reading === undefined) throw new Error('a question before the start');
    reply = { id, answer: reading.answer(question) };
  } catch (error) {
    reply = failure(id, error);
  }
  postMessage(reply, 'answer' in reply ? buffersOf(reply.answer) : []);
}

function failure(id: number, error: unknown): Reply {
  return { id, failure: error instanceof Error ? error.message : String(error) };
}

/** Handed over, not copied. */
function buffersOf(answer: Answers[keyof Answers]): ArrayBuffer[] {
  return 'table' in answer && answer.table !== undefined ? [answer.table.buffer] : [];
}

addEventListener('message', (message) => obey((message as MessageEvent<Order>).data));
