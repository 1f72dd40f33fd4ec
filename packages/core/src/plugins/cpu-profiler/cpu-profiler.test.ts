// What the plugin asks for and refuses, without a kernel; what it samples is tested in tests/record-*.

import { expect, test } from 'bun:test';
import { BadOption } from '../../errors/errors.ts';
import { runPlugins } from '../../testing/run-plugins.ts';
import { type CpuProfilerOptions, cpuProfiler, Profiler } from './index.ts';

const WRONG: readonly unknown[] = [-1, Number.NaN, Number.NEGATIVE_INFINITY, '99', null, {}, 5n];

/** The option that it refuses, which its message names too. */
function refusedOption(options: unknown): string | undefined {
  try {
    cpuProfiler(options as CpuProfilerOptions);
    return undefined;
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    expect(error.message).toStartWith(`${error.option} must be `);
    return error.option;
  }
}

test.each([
  ['frequencyHz', [0, 0.5, 99.5, 1e9, Number.POSITIVE_INFINITY]],
  ['unwindTableBytes', [0.5, Number.POSITIVE_INFINITY]],
  ['launcher', [0, 1.5, 2 ** 32]],
] as const)('a wrong %s is refused', (option, more) => {
  for (const value of [...WRONG, ...more]) expect(refusedOption({ [option]: value })).toBe(option);
});

test('a way of unwinding that there is not is refused, and so is what is no options at all', () => {
  for (const unwind of ['bogus', '', 'DWARF', null, 5])
    expect(refusedOption({ unwind })).toBe('unwind');
  for (const options of [true, 99, 'fp', null]) expect(refusedOption(options)).toBe('profile');
  expect(refusedOption({ frequencyHz: 1, unwindTableBytes: 0, unwind: 'fp' })).toBeUndefined();
});

test('a session is of no use without it, and its collections are the cycles', () => {
  const { provides, spec } = cpuProfiler();
  expect(provides).toBe(Profiler.service);
  expect(spec).toMatchObject({ essential: true, startsCycles: true });
});

test('where no sampler can be loaded, it says so', async () => {
  expect(runPlugins([cpuProfiler()], [])).rejects.toThrow(/"kernel" has no/);
});
