import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { UnwindError } from '../error.ts';
import { encodeTable } from './encode.ts';
import * as L from './layout.ts';
import { RowList } from './row-list.ts';
import { decodeRule } from './rule.ts';
import { MAX_RULES, RuleDictionary } from './rule-dictionary.ts';
import { UnwindTable } from './unwind-table.ts';

/** Rows as (distance to the row before, number of a rule); each rule is `sp + 8 * number`. */
type Steps = readonly (readonly [number, number])[];

function encoded(steps: Steps): { table: UnwindTable; rows: [number, number][] } {
  const rows = new RowList();
  const rules = new RuleDictionary();
  const expected: [number, number][] = [];
  let at = 0x1000;
  for (const [distance] of steps) at += distance;
  rows.beginFunction(0x1000, at + 1);
  at = 0x1000;
  for (const [distance, number] of steps) {
    at += distance;
    const rule = number === 0 ? 0 : rules.intern(1, number * 8, 0, 0);
    rows.add(at, rule);
    if (expected.at(-1)?.[0] === at) expected.pop();
    if (expected.at(-1)?.[1] !== number) expected.push([at, number]);
  }
  const table = UnwindTable.fromBytes(encodeTable(rows, rules, 62));
  return { table, rows: expected };
}

const numberOf = (table: UnwindTable, offset: number) => table.lookup(offset).cfaOffset / 8;

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }) },
      { weight: 1, arbitrary: fc.constantFrom(0xfffe, 0xffff, 0x1_0000, 0x1_0001) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 300_000 }) },
    ),
    fc.nat(70),
  ),
  { minLength: 1, maxLength: 900, size: 'max' },
);

describe('encoding', () => {
  test('every row comes back, and every lookup finds the last row at or before it', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const { table, rows } = encoded(given);
        const decoded = [...table.rows()].map(({ offset, rule }) => [
          offset,
          table.rule(rule).cfaOffset / 8,
        ]);
        expect(decoded).toEqual(rows);
        rows.forEach(([offset, number], i) => {
          const last = (rows[i + 1]?.[0] ?? table.end) - 1;
          for (const at of [offset, last, (offset + last) >> 1]) {
            if (numberOf(table, at) !== number) throw new Error(`${at} is not of row ${i}`);
          }
        });
        expect(table.ruleIndexAt(table.start - 1)).toBe(0);
        expect(table.ruleIndexAt(table.end)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('a row block is full at 256 rows and spans 64 KiB', () => {
    const blocksOf = (given: Steps) => encoded(given).table.blockCount - 2;
    const dense = (count: number): Steps =>
      Array.from({ length: count }, (_, i) => [1, 1 + (i % 2)] as const);
    expect(blocksOf(dense(256))).toBe(1 + 1);
    expect(blocksOf(dense(257))).toBe(1 + 2);
    expect(
      blocksOf([
        [0, 1],
        [0xffff, 2],
      ]),
    ).toBe(1 + 1);
    expect(
      blocksOf([
        [0, 1],
        [0x1_0000, 2],
      ]),
    ).toBe(1 + 2);
  });

  test('several directories', () => {
    const sparse: Steps = Array.from({ length: 700 }, (_, i) => [0x1_0000, 1 + (i % 2)] as const);
    const { table, rows } = encoded(sparse);
    expect(table.blockCount).toBe(1 + 3 + 700 + 1);
    for (const [offset, number] of rows.slice(0, -1)) {
      expect(numberOf(table, offset + 0xffff)).toBe(number);
    }
  });

  test('rows beyond what the root can name are too large', () => {
    const sparse: Steps = Array.from({ length: 128 * 256 + 1 }, (_, i) => [0x1_0000, 1 + (i % 2)]);
    expect(() => encoded(sparse)).toThrow('blocks of rows');
  });

  test('a rule keeps all its fields', () => {
    const word0 = 5 | (0x82 << 8) | (3 << 16) | (6 << 24);
    expect(decodeRule(word0, -1234567, (-40 & 0xffff) | (168 << 16), (-16 & 0xffff) | (-8 << 16)))
      // prettier-ignore
      .toEqual({
        cfa: 'deref-sp',
        cfaOffset: -1234567,
        cfaArgument: -40,
        returnAddress: { kind: 'at-sp', offset: 168 },
        framePointer: { kind: 'at-fp', offset: -16 },
        third: { kind: 'undefined', offset: -8 },
        isSignalFrame: true,
      });
  });

  test('the dictionary numbers rules by first use, 65,536 at most', () => {
    const rules = new RuleDictionary();
    for (let i = 1; i < MAX_RULES; i++) expect(rules.intern(1, i, i * 7, -i)).toBe(i);
    for (let i = 1; i < MAX_RULES; i += 999) expect(rules.intern(1, i, i * 7, -i)).toBe(i);
    expect(rules.intern(0, 0, 0, 0)).toBe(0);
    expect(() => rules.intern(2, 2, 2, 2)).toThrow(UnwindError);
  });
});

describe('reading what is stored', () => {
  const given: Steps = Array.from({ length: 600 }, (_, i) => [1 + (i % 900), 1 + (i % 80)]);

  test('a change of any byte is refused, or gives another sound table', () => {
    const { table } = encoded(given);
    let refused = 0;
    for (let at = 0; at < table.bytes.length; at++) {
      const bytes = table.bytes.slice();
      bytes[at]! ^= 1 << (at % 8);
      let changed: UnwindTable;
      try {
        changed = UnwindTable.fromBytes(bytes);
      } catch (error) {
        if (!(error instanceof UnwindError) || error.code !== 'bad-table') throw error;
        refused++;
        continue;
      }
      for (let offset = 0; offset < table.end + 10; offset += 977) changed.lookup(offset);
      expect([...changed.rows()].length).toBe(changed.rowCount);
    }
    // What can change unseen: distances that stay in order, rule numbers, offsets within a rule, and
    // the end. The file around a table has a checksum for those.
    expect(refused).toBeGreaterThan(table.bytes.length / 3);
  });

  test('of any length', () => {
    const { table } = encoded(given);
    for (const length of [0, 1, L.BLOCK_BYTES - 1, L.BLOCK_BYTES, table.bytes.length - 1024]) {
      expect(() => UnwindTable.fromBytes(table.bytes.slice(0, length))).toThrow(UnwindError);
    }
    expect(() => UnwindTable.fromBytes(new Uint8Array(4096))).toThrow('no unwind table');
  });

  test('a table may lie anywhere in a buffer', () => {
    const { table } = encoded(given);
    const buffer = new Uint8Array(table.bytes.length + 3);
    buffer.set(table.bytes, 3);
    const moved = UnwindTable.fromBytes(buffer.subarray(3));
    expect([...moved.rows()]).toEqual([...table.rows()]);
  });

  test('a rule that does not exist is a RangeError', () => {
    expect(() => encoded(given).table.rule(81 + 1)).toThrow(RangeError);
  });
});
