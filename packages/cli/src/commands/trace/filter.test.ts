import { expect, test } from 'bun:test';
import type { ExitEvent } from '@waggle/core';
import { eventFilter } from './filter.ts';

const exit: ExitEvent = {
  event: 'exit',
  time: 1n,
  bootTime: 5n,
  processId: 'b-42-7-3',
  parentProcessId: 'b-1-1-1',
  pid: 42,
  tid: 42,
  ppid: 1,
  startTime: 7n,
  execId: 3,
  parentStartTime: 1n,
  comm: 'x',
  parentComm: null,
  uid: 1000,
  cgroupId: 1n,
  containerId: null,
  filename: null,
  argv: null,
  argvTruncated: false,
  exitCode: 0,
  signal: null,
  coreDumped: false,
  lifetimeNs: 1n,
};

test('filters hold together, and a loss always passes', () => {
  const events = ['exec', 'exit'] as const;
  const passes = eventFilter({ events, comm: /^x$/, uid: 1000, failed: true });
  expect(passes(exit)).toBe(false);
  expect(passes({ ...exit, exitCode: 1 })).toBe(true);
  expect(passes({ ...exit, signal: 'SIGKILL' })).toBe(true);
  expect(passes({ ...exit, exitCode: 1, uid: 0 })).toBe(false);
  expect(passes({ ...exit, exitCode: 1, comm: 'xy' })).toBe(false);
  expect(
    passes({
      event: 'lost',
      time: 1n,
      count: 5,
      lost: { fork: 0, exec: 5, exit: 0, 'failed-exec': 0 },
    }),
  ).toBe(true);
  expect(eventFilter({ events })(exit)).toBe(true);
});
