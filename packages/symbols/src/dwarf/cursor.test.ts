import { expect, test } from 'bun:test';
import { ElfError } from '../elf/index.ts';
import { DwarfCursor } from './cursor.ts';

const of = (...bytes: number[]) => new DwarfCursor(Uint8Array.from(bytes));

test('variable-length numbers', () => {
  expect(of(2).uleb()).toBe(2);
  expect(of(0xe5, 0x8e, 0x26).uleb()).toBe(624_485);
  expect(of(0x7f).sleb()).toBe(-1);
  expect(of(0xff, 0x00).sleb()).toBe(127);
  expect(of(0xc0, 0xbb, 0x78).sleb()).toBe(-123_456);
  expect(of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10).uleb()).toBe(2 ** 53);
});

test('offsets that wrap around at 2^64 are negative', () => {
  expect(of(0xc4, 0xbe, 0xa8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01).wrappingUleb()).toBe(
    -0x15_e0bc,
  );
  expect(of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01).wrappingUleb()).toBe(-1);
  expect(of(0xe5, 0x8e, 0x26).wrappingUleb()).toBe(624_485);
  expect(of(0x80, 0x80, 0x80, 0x80, 0x80, 0x02).wrappingUleb()).toBe(2 ** 36);
  expect(of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).i64()).toBe(-1);
  expect(of(1, 0, 0, 0, 1, 0, 0, 0).i64()).toBe(2 ** 32 + 1);
});

test('nothing is read past the end, and no number is endless', () => {
  for (const read of [
    () => of(0x80).uleb(),
    () => of(0x80, 0x80).sleb(),
    () => of(1, 2, 3).u32(),
    () => of(1, 2, 3, 4, 5, 6, 7).u64(),
    () => of(0x41).string(10),
    () => of(1).skip(-1),
    () => of(1).skip(Number.NaN),
    () => of(1).unsigned(3),
    () => of(...new Array(100).fill(0x80)).uleb(),
    () => of(...new Array(100).fill(0xff)).sleb(),
  ]) {
    expect(read).toThrow(ElfError);
  }
});
