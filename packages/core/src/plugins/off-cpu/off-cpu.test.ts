// What the plugin refuses, without a kernel; what it records is tested in tests/record-off-cpu.test.ts.

import { expect, test } from 'bun:test';
import { BadOption } from '../../errors/errors.ts';
import { type OffCpuOptions, offCpu } from './index.ts';

function refused(options: unknown): string | undefined {
  try {
    offCpu(options as OffCpuOptions);
    return undefined;
  } catch (error) {
    if (error instanceof BadOption) return error.option;
    throw error;
  }
}

test('options that make no sense are refused by name', () => {
  for (const minBlockNs of [-1, 0.5, '1ms', Number.NaN])
    expect(refused({ minBlockNs })).toBe('minBlockNs');
  for (const states of [[], ['asleep'], ['']]) expect(refused({ states })).toBe('states');
  expect(refused({ unwind: 'bogus' })).toBe('unwind');
  expect(refused({ onCpu: true, frequencyHz: 0 })).toBe('frequencyHz');
});

test('without any, and with those that do, it is a plugin with a source of its own', () => {
  expect(refused({})).toBeUndefined();
  expect(refused({ minBlockNs: 0, states: ['runnable'], unwind: 'fp' })).toBeUndefined();
  expect(offCpu().spec.sources).toHaveLength(1);
});
