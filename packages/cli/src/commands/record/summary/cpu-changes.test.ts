import { expect, test } from 'bun:test';
import { cpuChangeLines } from './cpu-changes.ts';

test('CPUs that stayed need no words', () => {
  expect(cpuChangeLines({ came: [], wentOffline: [3], unsampled: new Map() })).toEqual([]);
});

test('those that came, and those that are not sampled', () => {
  expect(
    cpuChangeLines({ came: [1, 2, 5], wentOffline: [], unsampled: new Map([[5, 'no room']]) }),
  ).toEqual([
    'CPUs 1, 2 came online while recording; of that, up to a quarter of a second was not sampled',
    'CPU 5 was not sampled: no room',
  ]);
});
