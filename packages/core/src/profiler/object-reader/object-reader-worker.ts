// The thread of object-reader.ts: answers one question after the other.

import { ObjectReading } from './object-reading.ts';
import type { Answers, Order, Reply } from './protocol.ts';
import { ThreadDescriptors } from './thread-descriptors.ts';

const descriptors = new ThreadDescriptors();
let reading: ObjectReading | undefined;

function obey(order: Order): void {
  if (order.type === 'start') {
    reading = new ObjectReading(order.config);
    return;
  }
  const { id, question } = order;
  if (reading === undefined) throw new Error('a question before the start');
  let reply: Reply;
  try {
    reply = { id, answer: reading.answer(descriptors.translate(question)) };
  } catch (error) {
    reply = { id, failure: error instanceof Error ? error.message : String(error) };
  }
  postMessage(reply, 'answer' in reply ? buffersOf(reply.answer) : []);
}

/** Handed over, not copied. */
function buffersOf(answer: Answers[keyof Answers]): ArrayBuffer[] {
  return 'table' in answer && answer.table !== undefined ? [answer.table.buffer] : [];
}

addEventListener('message', (message) => obey((message as MessageEvent<Order>).data));
