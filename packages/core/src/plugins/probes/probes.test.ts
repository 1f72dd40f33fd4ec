// What the plugin refuses, without a kernel; what it counts is tested in tests/record-probes.test.ts.

import { expect, test } from 'bun:test';
import { BadOption } from '../../errors/errors.ts';
import { type ProbesOptions, probes } from './index.ts';

function refused(options: unknown): string | undefined {
  try {
    probes(options as ProbesOptions);
    return undefined;
  } catch (error) {
    if (error instanceof BadOption) return error.option;
    throw error;
  }
}

test('options that make no sense are refused by name', () => {
  for (const wrong of [null, 'uprobe:main', [1]]) expect(refused({ probes: wrong })).toBe('probes');
  for (const maxRate of [0, -1, '9', Number.NaN])
    expect(refused({ probes: [], maxRate })).toBe('maxRate');
  expect(refused({ probes: [], unwind: 'bogus' })).toBe('unwind');
});
