import { expect, test } from 'bun:test';
import { mistakeIn, type TraceOptions, tracedEvents } from './options.ts';
import { summaryLine } from './summary.ts';

const NONE = { fork: 0, exec: 0, exit: 0, 'failed-exec': 0 };
const totals = {
  delivered: { ...NONE, exec: 50, exit: 50 },
  lost: { ...NONE, fork: 9, exec: 1 },
  filtered: { ...NONE, exec: 4, fork: 9 },
  rateLimited: { ...NONE, exit: 6, fork: 9 },
  foreign: 0,
  untracked: 0,
};
const shown = {
  events: ['exec', 'exit'],
  shown: 3,
  hidden: 97,
  limits: false,
  undelivered: 0,
} as const;

test('the last line counts what was written, and where the rest went', () => {
  expect(summaryLine(totals, shown)).toBe('3 events, 1 lost, 101 suppressed');
  expect(summaryLine(totals, { ...shown, undelivered: 2 })).toBe(
    '3 events, 1 lost, 101 suppressed, 2 events not delivered',
  );
  expect(summaryLine({ ...totals, untracked: 2 }, { ...shown, limits: true })).toBe(
    '3 events, 1 lost, 101 suppressed, 6 limited, 2 processes not followed',
  );
});

test('--failed brings what can have failed, unless events were chosen', () => {
  expect(tracedEvents({})).toEqual(['exec', 'exit']);
  expect(tracedEvents({ failed: true })).toEqual(['exit', 'failed-exec']);
  expect(tracedEvents({ failed: true, events: ['exit'] })).toEqual(['exit']);
});

test('options that do nothing together are refused', () => {
  const mistake = (options: TraceOptions, ...command: string[]) => mistakeIn(options, command);
  expect(mistake({ failed: true, events: ['fork', 'exec'] })).toMatch(/--events/);
  expect(mistake({ environ: true })).toMatch(/--json/);
  expect(mistake({ pid: [1] }, 'ls')).toMatch(/either/);
  expect(mistake({ environ: true, json: true, failed: true }, 'ls')).toBe(undefined);
});
