import { describe, expect, test } from 'bun:test';
import { WireWriter } from '@waggle/text/wire';
import { type Integer, signed, WireReader } from './wire.ts';

const NUMBERS: readonly Integer[] = [
  ...[0, 1, 127, 128, 300, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 40)],
  ...[2n ** 62n, 2n ** 64n - 1n],
];

/** As an int64 has it. */
const asSigned = (value: Integer) => signed(typeof value === 'bigint' ? value : BigInt(value));

describe('what is written in the wire format', () => {
  test('numbers are read back, one by one and packed', () => {
    const writer = new WireWriter();
    for (const value of NUMBERS) writer.integer(3, value);
    writer.integers(4, NUMBERS);
    const read: Integer[][] = [[], []];
    new WireReader(writer.bytes).fields((field, value) =>
      value.integers((each) => void read[field - 3]?.push(signed(each))),
    );
    expect(read).toEqual([NUMBERS.map(asSigned), NUMBERS.map(asSigned)]);
  });

  test('nothing is written for 0 and for no numbers, where that is asked for', () => {
    const writer = new WireWriter();
    writer.integerOrNone(1, 0);
    writer.integerOrNone(1, 0n);
    writer.integers(2, []);
    expect(writer.bytes.length).toBe(0);
  });

  test('messages in messages and texts of every length are whole', () => {
    const lengths = [0, 1, 126, 127, 128, 1023, 16_383, 16_384, 100_000];
    const writer = new WireWriter();
    for (const length of lengths)
      writer.message(1, () => {
        writer.message(2, () => writer.text(5, 'ä'.repeat(length)));
        writer.integer(3, length);
      });
    const read: [string, Integer][] = [];
    new WireReader(writer.bytes).fields((_, outer) => {
      const found: [string, Integer] = ['', -1];
      outer.message((field, value) => {
        if (field === 3) found[1] = value.integer();
        else
          value.message((_text, text) => {
            found[0] = text.text();
          });
      });
      read.push(found);
    });
    expect(read.map(([text, length]) => [text.length, length])).toEqual(
      lengths.map((length) => [length, length]),
    );
    expect(read.every(([text]) => /^ä*$/.test(text))).toBe(true);
  });
});
