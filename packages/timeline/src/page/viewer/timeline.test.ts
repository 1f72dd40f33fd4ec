// Ten thousand processes are put in order in parts, and the order is that of one sort.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { inOrder } from './timeline.ts';

test('however many there are, and however they are cut in parts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 7 }),
      async (count, different, often) => {
        // Few different times: those of one moment keep the order of their numbers.
        const times = Float64Array.from({ length: count }, (_, at) => (at * 7919) % different);
        const places = Int32Array.from(times.keys());
        let asked = 0;
        const pause = () => (asked++ % often === 0 ? Promise.resolve() : undefined);
        const sorted = [...places].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
        expect([...(await inOrder(places, times, pause))]).toEqual(sorted);
      },
    ),
    { numRuns: 40 },
  );
});
