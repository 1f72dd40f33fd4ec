import { describe, expect, test } from 'bun:test';
import { InvalidArgumentError } from 'commander';
import {
  collect,
  parseFrequency,
  parsePid,
  parseRegex,
  parseRingSize,
  parseSeconds,
  parseUid,
} from './parse.ts';

describe('values that are taken', () => {
  test.each([
    ['4096', 4096],
    ['64K', 65_536],
    ['64k', 65_536],
    ['64KiB', 65_536],
    ['8M', 8_388_608],
    ['1G', 1_073_741_824],
  ])('ring size %s is %i bytes', (text, bytes) => {
    expect(parseRingSize(text)).toBe(bytes);
  });

  test('pids, apart or with commas, one after the other', () => {
    expect(parsePid('4,5', parsePid('1'))).toEqual([1, 4, 5]);
  });

  test('seconds and parts of them', () => {
    expect([parseSeconds('10'), parseSeconds('0.5')]).toEqual([10, 0.5]);
  });

  test('the rest', () => {
    expect(parseUid('0')).toBe(0);
    expect(parseFrequency('999')).toBe(999);
    expect(parseRegex('^a').test('abc')).toBe(true);
    expect(collect('b', collect('a'))).toEqual(['a', 'b']);
  });
});

describe('values that are refused, with the usage exit code', () => {
  const refused: [string, (text: string) => unknown, string[]][] = [
    ['ring size', parseRingSize, ['', '0', '2048', '5000', '8MM', '-4096', '2G', '1e6', 'big']],
    ['pid', parsePid, ['', '0', '-1', '1.5', '1,', 'x', '4194305', '0x10']],
    ['uid', parseUid, ['', '-1', 'root', '4294967296']],
    ['seconds', parseSeconds, ['', ' ', '0', '-1', 'x', 'Infinity', 'NaN', '3000000']],
    ['frequency', parseFrequency, ['', '0', '-1', '1.5', '100001', 'x']],
    ['regex', parseRegex, ['(', '[', '']],
  ];
  for (const [what, parse, texts] of refused)
    for (const text of texts)
      test(`${what} ${JSON.stringify(text)}`, () => {
        expect(() => parse(text)).toThrow(InvalidArgumentError);
      });
});
