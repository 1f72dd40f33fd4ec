import { expect, test } from 'bun:test';
import { openSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ElfError } from './elf/index.ts';
import { isSystemError } from './system-error.ts';

const thrownBy = (act: () => void): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('what the system refused, and no other error that has a code', () => {
  expect(isSystemError(thrownBy(() => openSync('/none/at/all', 'r')))).toBe(true);
  expect(isSystemError(thrownBy(() => gunzipSync(Buffer.alloc(9))))).toBe(false);
  const bomb = Buffer.from('H4sIAAAAAAACA2NgGAWjYBSMglEwCkYBAAtvQ1AAEAAA', 'base64');
  expect(isSystemError(thrownBy(() => gunzipSync(bomb, { maxOutputLength: 1 })))).toBe(false);
  expect(isSystemError(new ElfError('truncated', ''))).toBe(false);
  expect(isSystemError(undefined)).toBe(false);
});
