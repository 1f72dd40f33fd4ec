// What the plugin refuses, without a kernel; what it counts is tested in tests/record-perf-events.test.ts.

import { expect, test } from 'bun:test';
import { BadOption } from '../../errors/errors.ts';
import { type PerfEventsOptions, perfEvents } from './index.ts';

const FAULTS = { name: 'page-faults', type: 1, config: 2 };

function refused(events: unknown): string | undefined {
  try {
    perfEvents({ events } as PerfEventsOptions);
    return undefined;
  } catch (error) {
    if (error instanceof BadOption) return error.option;
    throw error;
  }
}

test('events that cannot be counted are refused by name', () => {
  for (const events of [null, 'page-faults', [1]]) expect(refused(events)).toBe('events');
  expect(refused([FAULTS])).toBe('events');
  for (const period of [0, -1, 1.5, '1'])
    expect(refused([{ ...FAULTS, period }])).toBe('page-faults: period');
  expect(refused([{ ...FAULTS, frequencyHz: 0 }])).toBe('page-faults: frequencyHz');
});

test('an event with a period or a frequency is taken', () => {
  expect(refused([{ ...FAULTS, period: 1 }])).toBeUndefined();
  expect(refused([{ ...FAULTS, frequencyHz: 99 }])).toBeUndefined();
});
