import { expect, test } from 'bun:test';
import { EM_X86_64 } from '@waggle/unwind';
import { GeneratedCodeTables } from './generated-tables.ts';

/** Of CPython 3.13, for 11 bytes of code. */
const SECTION = Buffer.from(
  '1400000000000000017a5200017810011b0c070890010000140000001c000000d0ffffff0b00000000440e10460e0800',
  'hex',
);

const code = (ehFrame: Uint8Array, size = 11) => {
  return { ehFrame, ehFrameHeader: new Uint8Array(), mappedBytes: 0, start: 0x1000, size };
};

test('a table is made once, for code of that size', () => {
  const tables = new GeneratedCodeTables(EM_X86_64);
  const section = Uint8Array.from(SECTION);
  const table = tables.of(code(section));
  expect(table?.lookup(5).cfaOffset).toBe(16);
  expect(tables.of(code(section))).toBe(table as NonNullable<typeof table>);
  expect(tables.of(code(section, 40))?.lookup(5).cfa).toBe('none');
  expect(tables.of(code(section))?.lookup(5).cfaOffset).toBe(16);
});

test('of so many tables those that were used last are held', () => {
  // Time stands still, so that all of them are made.
  const tables = new GeneratedCodeTables(EM_X86_64, () => 0);
  const sections = Array.from({ length: 1025 }, () => Uint8Array.from(SECTION));
  const [first, second] = sections as [Uint8Array, Uint8Array];
  const [one, other] = [tables.of(code(first)), tables.of(code(second))];
  for (const section of sections.slice(2)) {
    tables.of(code(first));
    tables.of(code(section));
  }
  expect(tables.of(code(first)) === one).toBe(true);
  expect(tables.of(code(second)) === other).toBe(false);
});

test('damaged and very long sections give none', () => {
  const tables = new GeneratedCodeTables(EM_X86_64);
  expect(tables.of(code(new Uint8Array(48).fill(0x77)))).toBeUndefined();
  const long = new Uint8Array(1024 * 1024);
  long.set(SECTION);
  expect(tables.of(code(long))).toBeUndefined();
});

test('whoever writes sections without end has a tenth of each second for them', () => {
  let now = 0;
  const tables = new GeneratedCodeTables(EM_X86_64, () => (now += 10));
  const made = () => tables.of(code(Uint8Array.from(SECTION))) !== undefined;
  const before = Array.from({ length: 50 }, made).filter(Boolean).length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(20);
  now = 5000;
  expect(made()).toBe(true);
});
