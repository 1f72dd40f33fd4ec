import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LINE_TABLES } from '../index.ts';
import { RECORDED_LINES } from './recorded-lines.ts';

const FORMATS: Readonly<Record<string, string>> = {
  '3.8': 'cpython-lnotab',
  '3.9': 'cpython-lnotab',
  '3.10': 'cpython-linetable',
};

const formatOf = (version: string) => {
  const lineOf = LINE_TABLES[FORMATS[version] ?? 'cpython-locations'];
  if (lineOf === undefined) throw new Error(`no format for ${version}`);
  return lineOf;
};

describe.each([...RECORDED_LINES])(
  'the table of $version',
  ({ version, firstLine, table, lines }) => {
    const bytes = Uint8Array.from(Buffer.from(table, 'hex'));
    const lineOf = formatOf(version);

    test('says the line of each instruction, as CPython itself does', () => {
      const said = lines.map((_, instruction) => lineOf(bytes, firstLine, instruction) ?? null);
      expect(said).toEqual([...lines]);
    });

    test('says nothing of instructions that are not there, or a line', () => {
      for (const beyond of [lines.length, 2 ** 20 - 1])
        expect(lineOf(bytes, firstLine, beyond) ?? 1).toBeGreaterThan(0);
    });
  },
);

test.each(Object.keys(LINE_TABLES))('any bytes as a table of %s give a line or none', (format) => {
  const lineOf = LINE_TABLES[format];
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(100),
      fc.nat(2 ** 20),
      (table, firstLine, instruction) => {
        const line = lineOf?.(table, firstLine, instruction);
        return line === undefined || line > 0;
      },
    ),
  );
});
