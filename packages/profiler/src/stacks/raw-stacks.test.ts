// Stacks one by one, as agents get them.

import { expect, test } from 'bun:test';
import { MadeUpHost, sampleOf } from '../../test/made-up-host.ts';
import { CPU_CLOCK, type StackEvent } from '../sampling/stack-source.ts';
import { collapseRaw, collapseRawWith, toFrameCounts } from './raw-stacks.ts';

const BYTES: StackEvent = { name: 'bytes', unit: 'KiB', value: 'weights', divisor: 1024 };
const EVENTS = [CPU_CLOCK, BYTES];

/** Addresses that nothing is known of: their name is `[unknown]`. */
async function counted(...samples: Parameters<typeof sampleOf>[0][]) {
  using host = new MadeUpHost();
  const resolved = samples.map((sample) => host.resolver.resolve(sampleOf(sample)));
  return toFrameCounts(resolved, host.symbolizer, EVENTS);
}

test('each frame says whose it is, and where', async () => {
  const [stack] = await counted({ pid: 9, comm: 'worker', cpu: 3, count: 5, user: [0x20, 0x10] });
  expect(stack).toMatchObject({ count: 5, startTime: 1n, execId: 1 });
  expect(stack?.identity).toEqual({ pid: 9, startBoottimeNs: 1n, execId: 1 });
  expect(stack?.frames.at(-1)).toEqual({
    ...{ pid: 9, comm: 'worker', cmd: 'worker', address: 0x20n, objectPath: null },
    ...{ symbol: '[unknown]', source: null, inlined: false, cpuId: 3, ns: 10_000_000_000n },
  });
});

test('equal stacks are summed, and a name holds none of the folded form’s separators', async () => {
  const raw = await counted(
    { comm: 'a;b\nc', count: 2, user: [0x20] },
    { comm: 'a;b\nc', count: 3, user: [0x30] },
    { comm: 'other', count: 7, user: [0x20] },
  );
  expect([...collapseRaw(raw)]).toEqual([
    ['a:b:c;[unknown]', 5],
    ['other;[unknown]', 7],
  ]);
  expect([...collapseRawWith(raw, ({ identity }) => `${identity.pid}`)]).toEqual([['7', 12]]);
});

test('each says what was counted, and how much in its own unit', async () => {
  const raw = await counted(
    { count: 3, user: [0x20] },
    { event: 1, count: 2, weight: 10_240, state: 'runnable', user: [0x20] },
  );
  expect(raw.map(({ event, count, value, state }) => [event, count, value, state])).toEqual([
    ['cpu-clock', 3, 3, 'running'],
    ['bytes', 2, 10, 'runnable'],
  ]);
});
