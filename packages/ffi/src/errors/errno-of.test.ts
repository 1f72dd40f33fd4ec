import { expect, test } from 'bun:test';
import { openSync } from 'node:fs';
import { errnoOf } from './errno-of.ts';
import { ClosedError, SystemError } from './system-error.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('the errno of what the system refused, and of no other error that has a code', () => {
  expect(errnoOf(thrownBy(() => openSync('/none/at/all', 'r')))).toBe('ENOENT');
  expect(errnoOf(new SystemError('execve', 7))).toBe('E2BIG');
  expect(errnoOf(new ClosedError('ring'))).toBeUndefined();
  expect(errnoOf(thrownBy(() => openSync('a\0b', 'r')))).toBeUndefined();
  expect(errnoOf({ code: 'EIO' })).toBeUndefined();
  expect(errnoOf(undefined)).toBeUndefined();
});
