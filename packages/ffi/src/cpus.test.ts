import { expect, test } from 'bun:test';
import { availableParallelism } from 'node:os';
import { cpuGenerations, onlineCpus } from './cpus.ts';

test.each([
  ['0\n', [0]],
  ['0-3\n', [0, 1, 2, 3]],
  ['0,2-3,8\n', [0, 2, 3, 8]],
])('%p', (list, cpus) => {
  expect(onlineCpus(list)).toEqual(cpus);
});

test('this machine has at least as many as we may use', () => {
  expect(onlineCpus().length).toBeGreaterThanOrEqual(availableParallelism());
});

test('each of them has a generation, the same until it was offline', () => {
  const now = cpuGenerations();
  expect([...now.keys()]).toEqual(onlineCpus());
  for (const generation of now.values()) expect(generation).toBeGreaterThan(0);
});
