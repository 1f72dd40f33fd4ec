import { expect, test } from 'bun:test';
import { closeSync, openSync } from 'node:fs';
import { isTerminal } from './is-terminal.ts';

test.each([
  ['/dev/null', false],
  ['/dev/zero', false],
  [import.meta.path, false],
  // The master of a new terminal is one itself, as isatty(3) has it.
  ['/dev/ptmx', true],
])('%s: %p', (path, expected) => {
  const fd = openSync(path, 'r');
  try {
    expect(isTerminal(fd)).toBe(expected);
  } finally {
    closeSync(fd);
  }
});

test('a descriptor that is closed is no terminal', () => {
  expect(isTerminal(99_999)).toBe(false);
});
