import { expect, test } from 'bun:test';
import { signalName } from './signal-name.ts';

test.each([
  [0, null],
  [6, 'SIGABRT'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [15, 'SIGTERM'],
  [34, 'SIGRTMIN+0'],
  [64, 'SIGRTMIN+30'],
  [99, 'SIG99'],
] as const)('signal %i is %s', (signal, name) => {
  expect(signalName(signal)).toBe(name);
});
