import { expect, test } from 'bun:test';
import type { JitImage } from '../mappings/jit-image.ts';
import { LateSamples } from './late-samples.ts';

const record = (bytes: number) => new DataView(new ArrayBuffer(bytes));
/** All that is asked of the code. */
const codeOf = (edition: number) => ({ edition }) as JitImage & { edition: number };

test('a sample is due when something was said of its code', () => {
  const late = new LateSamples();
  const [one, other] = [codeOf(1), codeOf(1)];
  const [first, second, third] = [record(1), record(2), record(3)];
  for (const [sample, code] of [
    [first, one],
    [second, other],
    [third, one],
  ] as const)
    expect(late.add(sample, code)).toEqual([]);
  expect(late.takeDue()).toBeUndefined();
  Object.assign(one, { edition: 2 });
  expect([late.takeDue(), late.takeDue(), late.takeDue()]).toEqual([first, third, undefined]);
  expect([...late.records()]).toEqual([second]);
  expect(late.takeAll()).toEqual([second]);
  expect(late.size).toBe(0);
});

test('where there is no room the oldest of the image that was sampled least recently leave', () => {
  const late = new LateSamples(100);
  const [quiet, busy] = [codeOf(1), codeOf(1)];
  const [first, second] = [record(30), record(31)];
  late.add(first, quiet);
  late.add(second, quiet);
  expect(late.add(record(32), busy)).toEqual([]);
  expect(late.add(record(33), busy)).toEqual([first]);
  expect(late.add(record(100), busy)).toEqual([second, record(32), record(33)]);
  expect(late.size).toBe(1);
  // What leaves makes room again.
  late.takeAll();
  expect(late.add(record(100), quiet)).toEqual([]);
  Object.assign(quiet, { edition: 2 });
  expect(late.takeDue()?.byteLength).toBe(100);
  expect(late.add(record(100), quiet)).toEqual([]);
});
