// Until when a ring has been read, for any reader that is late or reads a part only.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ReadProgress } from './read-progress.ts';

/** A record has its time a little before it gets its place. */
interface Made {
  readonly time: bigint;
  readonly position: bigint;
}

test('what was made before that moment has been read, and after a turn that reads all it is the beginning of that', () => {
  const step = fc.record({
    made: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
    /** Records that are made while a turn reads. */
    meanwhile: fc.integer({ min: 0, max: 3 }),
    most: fc.integer({ min: 0, max: 8 }),
    pause: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 100n;
      const ring = { produced: 0n, consumed: 0n };
      const progress = new ReadProgress(ring);
      const waiting: Made[] = [];
      const make = (late: number) => {
        ring.produced += 8n;
        waiting.push({ time: now - BigInt(late), position: ring.produced });
      };
      let until = 0n;
      for (const { made, meanwhile, most, pause } of steps) {
        for (const late of made) {
          now += 5n;
          make(late);
        }
        now += BigInt(pause);
        const beganAt = now;
        const read = waiting.splice(0, most);
        ring.consumed = read.at(-1)?.position ?? ring.consumed;
        for (let at = 0; at < meanwhile; at++) {
          now += 5n;
          make(3);
        }
        const told = progress.after(beganAt);
        if (told !== undefined) {
          expect(told >= until).toBe(true);
          until = told;
        }
        if (waiting.length === 0) {
          // What a turn of before had left is known then; the next one knows the rest.
          ring.consumed = ring.produced;
          until = progress.after(now) ?? until;
          expect(until >= beganAt).toBe(true);
        }
        expect(waiting.filter(({ time }) => time < until)).toEqual([]);
      }
    }),
  );
});

test('a record that is not finished holds the moment back until it is', () => {
  const ring = { produced: 16n, consumed: 8n };
  const progress = new ReadProgress(ring);
  expect(progress.after(1000n)).toBeUndefined();
  ring.produced = 800n;
  expect(progress.after(2000n)).toBeUndefined();
  ring.consumed = 16n;
  expect(progress.after(3000n)).toBe(1000n);
  ring.consumed = 800n;
  expect(progress.after(4000n)).toBe(4000n);
});
