// Events that come before anybody iterates: kept within a bound, in order, and counted beyond it.

import { expect, test } from 'bun:test';
import type { ProcessEvent } from '@waggle/events';
import { EventQueue } from './event-queue.ts';

type Push = (events: readonly ProcessEvent[]) => void | Promise<void>;

function queueOf(room: number) {
  let push: Push = () => {};
  const end = Promise.withResolvers<void>();
  const queue = new EventQueue(
    (observer) => {
      push = observer;
      return () => {};
    },
    end.promise,
    room,
  );
  return { queue, push: (...pids: number[]) => push(pids.map(event)), end: end.resolve };
}

const event = (pid: number) => ({ event: 'exec', pid, time: BigInt(pid) }) as ProcessEvent;

async function read(queue: EventQueue): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const next of queue)
    seen.push(next.event === 'lost' ? `${next.count} lost` : (next as { pid: number }).pid);
  return seen;
}

test('what came before the first iteration comes first, then what comes', async () => {
  const { queue, push, end } = queueOf(10);
  expect(push(1, 2)).toBeUndefined();
  expect(push(3)).toBeUndefined();
  const reading = read(queue);
  await push(4, 5);
  end();
  expect(await reading).toEqual([1, 2, 3, 4, 5]);
  expect(queue.missed.exec).toBe(0);
});

test('what found no room is counted, and told behind what was kept', async () => {
  const { queue, push, end } = queueOf(2);
  push(1, 2, 3);
  push(4);
  expect(queue.missed.exec).toBe(0);
  const reading = read(queue);
  await push(5);
  end();
  expect(await reading).toEqual([1, 2, '2 lost', 5]);
  expect(queue.missed).toEqual({ fork: 0, exec: 2, exit: 0, 'failed-exec': 0 });
});

test('after the end there is still what was kept', async () => {
  const { queue, push, end } = queueOf(10);
  push(1);
  end();
  await Promise.resolve();
  expect(await read(queue)).toEqual([1]);
});

test('once somebody iterates, the pushing side waits', async () => {
  const { queue, push } = queueOf(10);
  const iterator = queue[Symbol.asyncIterator]();
  let taken = false;
  const pushed = Promise.resolve(push(1, 2)).then(() => {
    taken = true;
  });
  await iterator.next();
  expect(taken).toBe(false);
  await iterator.next();
  await pushed;
  expect(taken).toBe(true);
});
