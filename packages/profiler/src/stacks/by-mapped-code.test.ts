import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AddressSpaces } from '../mappings/address-spaces.ts';
import type { Mapping } from '../mappings/perf-records.ts';
import type { StackCount } from '../sampling/stack-count.ts';
import { byMappedCode } from './by-mapped-code.ts';

const PLACE = 0x7000;
const PID = 7;

const library = (inode: bigint): Mapping => ({
  start: PLACE,
  end: PLACE + 0x1000,
  fileOffset: 0,
  path: `/${inode}.so`,
  device: '8:1',
  inode,
});

/** Other libraries are mapped at one place, each at one of the moments. */
function spacesOf(moments: readonly bigint[]): AddressSpaces {
  const spaces = new AddressSpaces();
  spaces.seed(PID, [library(1n)]);
  for (const [at, time] of moments.entries())
    spaces.apply({ type: 'mapping', pid: PID, time, mapping: library(BigInt(at + 2)) } as never);
  return spaces;
}

const stack = (of: Partial<StackCount>): StackCount => ({
  ...{ pid: PID, startTime: 1n, execId: 1, comm: 'host', tid: 0, threadComm: '', event: 0 },
  ...{ state: 'running', cpu: 0, interrupted: [], kernel: [], truncated: false, userStop: 0 },
  ...{ user: [PLACE + 8], count: 100, weight: 0, firstTime: 1000n, lastTime: 2000n },
  ...of,
});

test('samples of one address are divided between the libraries that were there', () => {
  const parts = byMappedCode(stack({ weight: 1000 }), spacesOf([1250n, 1750n]));
  expect(
    parts.map(({ count, weight, firstTime, lastTime }) => [count, weight, firstTime, lastTime]),
  ).toEqual([
    [26, 250, 1000n, 1249n],
    [49, 500, 1250n, 1749n],
    [25, 250, 1750n, 2000n],
  ]);
});

test('a stack that met one library only is one, and so is one that others are about', () => {
  for (const [moments, of] of [
    [[], {}],
    [[900n, 2100n], {}],
    [[1500n], { user: [PLACE - 8] }],
    [[1500n], { number: 4 }],
  ] as const) {
    const whole = stack(of);
    expect(byMappedCode(whole, spacesOf(moments))).toEqual([whole]);
  }
});

test('whatever is mapped whenever, the parts follow each other and add up to the whole', () => {
  const times = fc.uniqueArray(fc.bigInt(1n, 60n), { maxLength: 12 });
  const sums = fc.record({ count: fc.nat(20), weight: fc.nat(1000) });
  fc.assert(
    fc.property(
      times,
      fc.bigInt(1n, 60n),
      fc.bigInt(0n, 60n),
      sums,
      (moments, first, length, sum) => {
        const whole = stack({ ...sum, firstTime: first, lastTime: first + length });
        const sorted = [...moments].sort((a, b) => Number(a - b));
        const parts = byMappedCode(whole, spacesOf(sorted));
        const total = (of: (part: StackCount) => number) =>
          parts.reduce((all, part) => all + of(part), 0);
        if (sum.count + sum.weight > 0) expect(parts.length).toBeGreaterThan(0);
        expect({
          count: total(({ count }) => count),
          weight: total(({ weight }) => weight),
        }).toEqual(sum);
        for (const [at, part] of parts.entries()) {
          expect(part.count).toBeGreaterThanOrEqual(0);
          expect(part.weight).toBeGreaterThanOrEqual(0);
          expect(part.firstTime <= part.lastTime).toBe(true);
          if (at > 0) expect(part.firstTime > parts[at - 1]!.lastTime).toBe(true);
        }
      },
    ),
  );
});
