import { describe, expect, test } from 'bun:test';
import { InvalidArgumentError } from 'commander';
import {
  collect,
  collectContainer,
  parseCpus,
  parseDuration,
  parseFrequency,
  parseNanoseconds,
  parsePid,
  parseRegex,
  parseRingSize,
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
    expect(parseCpus('3,0-1', parseCpus('1'))).toEqual([0, 1, 3]);
    expect([parseDuration('10'), parseDuration('0.5')]).toEqual([10, 0.5]);
    expect(['500ms', '90s', '1m', '2h', '1d', '1m30s', '1.5m', '250us'].map(parseDuration)).toEqual(
      [...[0.5, 90, 60, 7200, 86_400, 90, 90, 250e-6]],
    );
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
    ['list of CPUs', parseCpus, ['', '-1', 'x', '3-1', '0,', '0-', '9999', '1.5', '0x1']],
    ['container', collectContainer, ['', ' ']],
    [
      'duration',
      parseDuration,
      [
        ...['', ' ', '0', '-1', 'x', 'Infinity', 'NaN', '3000000', '0x10', '1e3'],
        ...['0s', '-1s', '5 s', '1w', 's', '1m30', '1..5s', '25d', '1M'],
      ],
    ],
    ['frequency', parseFrequency, ['', '0', '-1', '1.5', '100001', 'x']],
    ['regex', parseRegex, ['(', '[', '']],
  ];
  for (const [what, parse, texts] of refused)
    for (const text of texts)
      test(`${what} ${JSON.stringify(text)}`, () => {
        expect(() => parse(text)).toThrow(InvalidArgumentError);
      });
});

test('a length of time has a unit', () => {
  const read = ['200us', '200\u00b5s', '5ms', '1.5s', '2m', '7ns'].map(parseNanoseconds);
  expect(read).toEqual([200e3, 200e3, 5e6, 1.5e9, 120e9, 7]);
  for (const wrong of ['', '5', 'ms', '-1s', '0s', '5 hours', '1e3ms'])
    expect(() => parseNanoseconds(wrong)).toThrow('with its unit');
});
