import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { madeProfile } from '../../test/made-host.ts';
import { Samples } from './samples.ts';

const START = 1_790_000_000_000;
const ownerOf = (name: string): number => Number(name.split(':')[0]);

function filled(seconds: number, maxBytes = 1e9): Samples {
  const samples = new Samples({ keepMs: 900_000, maxBytes });
  for (let second = 0; second < seconds; second++)
    samples.add(
      madeProfile([
        ['7:70', 'work;main;busy', 3],
        ['8:80', `work;main;part${second % 50}`, 2],
      ]),
      { from: START + second * 1000, to: START + (second + 1) * 1000 },
      ownerOf,
    );
  return samples;
}

const total = (samples: Samples, from: number, to: number, owner?: number): number =>
  samples
    .between(
      { from: START + from * 1000, to: START + to * 1000 },
      owner === undefined ? undefined : (each) => each === owner,
    )
    .stacks.reduce((sum, { count }) => sum + count, 0);

describe('samples by cycle', () => {
  test('of a span are exact while they are young, and all are there when they are old', () => {
    const samples = filled(600);
    expect(total(samples, 590, 600)).toBe(50);
    expect(total(samples, 590, 600, 7)).toBe(30);
    expect(total(samples, 0, 600)).toBe(3000);
    expect(total(samples, 0, 600, 8)).toBe(1200);
    // 60 by seconds, 48 or 49 by fives, 20 or 21 by fifteens.
    expect(samples.sliceCount).toBeLessThan(150);
  });

  test('of an old span are as near to it as the steps allow, and say of which they are', () => {
    const samples = filled(600);
    const { span, samples: count } = samples.between({ from: START + 20_000, to: START + 60_000 });
    expect((span.to - span.from) / 1000).toBe(count / 5);
    expect(Math.abs(span.from - START - 20_000)).toBeLessThanOrEqual(7500);
    expect(Math.abs(span.to - START - 60_000)).toBeLessThanOrEqual(7500);
  });

  test('of a span that is shorter than an old step are those of its step, and say so', () => {
    const samples = filled(600);
    let empty = 0;
    for (let from = 20; from < 60; from += 3) {
      const asked = { from: START + from * 1000, to: START + from * 1000 + 2000 };
      const { span, samples: count } = samples.between(asked);
      if (count === 0) empty++;
      else expect((span.to - span.from) / 1000).toBe(count / 5);
    }
    // Where two steps have a half each.
    expect(empty).toBeLessThanOrEqual(2);
  });

  test('are gone after the kept time', () => {
    const samples = filled(1000);
    expect(samples.from).toBeGreaterThan(START + 80_000);
    expect(total(samples, 0, 50)).toBe(0);
    expect(total(samples, 990, 1000)).toBe(50);
  });

  test('stay within their bound, the newest for longest, whatever stacks come', () => {
    const maxBytes = 400_000;
    const samples = new Samples({ keepMs: 900_000, maxBytes });
    for (let second = 0; second < 300; second++) {
      const stacks = Array.from(
        { length: 40 },
        (_, at) => ['7:70', `work;main;f${second}_${at}`, 1] as const,
      );
      samples.add(
        madeProfile(stacks),
        { from: START + second * 1000, to: START + (second + 1) * 1000 },
        ownerOf,
      );
      expect(samples.bytes).toBeLessThanOrEqual(maxBytes);
    }
    const newest = samples.between({ from: START + 299_000, to: START + 300_000 });
    expect(newest.stacks.map(({ frames }) => frames.at(-1)?.name).sort()).toEqual(
      Array.from({ length: 40 }, (_, at) => `f299_${at}`).sort(),
    );
  });

  test('of processes that are forgotten are their heirs', () => {
    const samples = filled(10);
    samples.giveTo(new Map([[8, 7]]));
    expect(total(samples, 0, 10, 7)).toBe(50);
    expect(total(samples, 0, 10, 8)).toBe(0);
  });

  test('no sum changes as they grow old', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 3 }),
            fc.integer({ min: 0, max: 9 }),
            fc.integer({ min: 1, max: 9 }),
          ),
          {
            minLength: 1,
            maxLength: 400,
          },
        ),
        (cycles) => {
          const samples = new Samples({ keepMs: 1e9, maxBytes: 1e9 });
          const wanted = new Map<number, number>();
          let at = START;
          for (const [owner, stack, count] of cycles) {
            const span = { from: at, to: at + 500 + stack * 300 };
            samples.add(madeProfile([[`${owner}:1`, `p;f${stack}`, count]]), span, ownerOf);
            at = span.to;
            wanted.set(owner, (wanted.get(owner) ?? 0) + count);
          }
          expect(new Map([...samples.perOwner({ from: START - 1, to: at })].sort())).toEqual(
            new Map([...wanted].sort()),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
