import { expect, test } from 'bun:test';
import { EM_X86_64 } from '../architecture.ts';
import { UnwindError } from '../error.ts';
import { buildGeneratedCodeTable } from './generated-code.ts';

/** What CPython 3.13 gives with each of its trampolines on x86-64: 11 bytes, `sub $8; call; add $8; ret`. */
const CPYTHON = Uint8Array.from(
  Buffer.from(
    '1400000000000000017a5200017810011b0c070890010000140000001c000000d0ffffff0b00000000440e10460e0800',
    'hex',
  ),
);

test('offsets are those from where the code begins', () => {
  const table = buildGeneratedCodeTable(CPYTHON, 11, EM_X86_64);
  const offsetAt = (offset: number) => {
    const { cfa, cfaOffset } = table.lookup(offset);
    return cfa === 'none' ? undefined : cfaOffset;
  };
  expect([0, 3, 4, 6, 9, 10, 11].map(offsetAt)).toEqual([8, 8, 16, 16, 16, 8, undefined]);
});

test('what is about other code is no row of this one', () => {
  expect(buildGeneratedCodeTable(CPYTHON, 3, EM_X86_64).rowCount).toBe(0);
  // The section lies behind longer code, and what it says is of the bytes right before it.
  expect(buildGeneratedCodeTable(CPYTHON, 40, EM_X86_64).lookup(5).cfa).toBe('none');
  expect(buildGeneratedCodeTable(CPYTHON, 40, EM_X86_64).lookup(24 + 5).cfaOffset).toBe(16);
  expect(buildGeneratedCodeTable(new Uint8Array(), 11, EM_X86_64).rowCount).toBe(0);
});

test('a damaged section is an error that says so', () => {
  expect(() => buildGeneratedCodeTable(CPYTHON.subarray(0, 30), 11, EM_X86_64)).toThrow(
    UnwindError,
  );
  expect(() => buildGeneratedCodeTable(CPYTHON, 11, 8)).toThrow(UnwindError);
});
