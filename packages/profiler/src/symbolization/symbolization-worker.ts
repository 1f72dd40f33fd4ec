/** The thread of symbolization-client.ts: answers one request at a time. */

import { getPriority, setPriority } from 'node:os';
import { setImmediate } from 'node:timers';
import { threadId } from '@waggle/ffi';
import { DescriptorLedger, keepDescriptorLedger } from '@waggle/symbols';
import { GarbageCollection } from '../garbage.ts';
import type { ClientMessage, Responses, ServerMessage } from './protocol.ts';
import { type Ask, RequestQueue } from './request-queue.ts';
import { SymbolizationServer } from './symbolization-server.ts';
import { ThreadDescriptors } from './thread-descriptors.ts';

/** Of the web's workers, which the types of neither runtime have together. */
interface DedicatedScope {
  close(): void;
}

/** What nobody asks for any more is let go of, also where nothing is asked for at all. */
const DROP_EVERY_MS = 20_000;

const descriptors = new ThreadDescriptors();
const queue = new RequestQueue();
const garbage = new GarbageCollection();
let reading: SymbolizationServer | undefined;
let isThrifty = false;
let isScheduled = false;

function handle(message: ClientMessage): void {
  if (message.type === 'end') {
    reading?.[Symbol.dispose]();
    (globalThis as unknown as DedicatedScope).close();
    return;
  }
  if (message.type === 'start') {
    postMessage({ thread: threadId() ?? 0 } satisfies ServerMessage);
    const ledger = message.descriptors && new DescriptorLedger(message.descriptors);
    if (ledger !== undefined) keepDescriptorLedger(ledger);
    isThrifty = message.config.thrifty === true;
    if (isThrifty) goBehind();
    const server = new SymbolizationServer(message.config, ledger);
    reading = server;
    const dropping = setInterval(() => {
      server.dropUnused();
      garbage.whenDue();
    }, DROP_EVERY_MS);
    (dropping as { unref?(): void }).unref?.();
    return;
  }
  if (reading === undefined) throw new Error('a request before the start');
  try {
    queue.add({ ...message, request: descriptors.translate(message.request) });
  } catch (error) {
    postMessage(failure(message.id, error));
  }
  schedule();
}

/** Names can wait: where the thread that keeps events goes before others, this one does not. */
function goBehind(): void {
  try {
    if (getPriority() < 0) setPriority(0);
  } catch {
    // Nothing is lost by it.
  }
}

/** After what has been asked meanwhile has come in: the next one is chosen from all. */
function schedule(): void {
  if (isScheduled || queue.size === 0) return;
  isScheduled = true;
  // No timer: on a busy host a thread that sleeps between two requests waits long for its turn.
  setImmediate(() => {
    isScheduled = false;
    const ask = queue.take();
    if (ask !== undefined) answer(ask);
    schedule();
  });
}

function answer({ id, request }: Ask): void {
  postMessage({ begun: id } satisfies ServerMessage);
  const beganAt = performance.now();
  let reply: ServerMessage;
  try {
    if (reading === undefined) throw new Error('a request before the start');
    reply = { id, answer: reading.answer(request) };
  } catch (error) {
    reply = failure(id, error);
  }
  postMessage(reply, 'answer' in reply ? buffersOf(reply.answer) : []);
  if (isThrifty) garbage.afterWork(performance.now() - beganAt);
  garbage.whenDue();
}

function failure(id: number, error: unknown): ServerMessage {
  return { id, failure: error instanceof Error ? error.message : String(error) };
}

/** Handed over, not copied. */
function buffersOf(answer: Responses[keyof Responses]): ArrayBuffer[] {
  return 'table' in answer && answer.table !== undefined ? [answer.table.buffer] : [];
}

addEventListener('message', (message) => handle((message as MessageEvent<ClientMessage>).data));
