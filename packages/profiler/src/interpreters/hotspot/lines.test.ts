import { expect, test } from 'bun:test';
import { CompressedNumbers, lineOfBytecode, lineOfBytecodeWithoutZeros } from './lines.ts';

/** As HotSpot writes them: UNSIGNED5::write_uint. */
function compressed(value: number, excluded: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (bytes.length < 4 && rest >= 192 - excluded) {
    rest -= 192 - excluded;
    bytes.push(192 + (rest % 64));
    rest = Math.floor(rest / 64);
  }
  return [...bytes, rest + excluded];
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);

function tableOf(pairs: readonly (readonly [at: number, line: number])[], excluded: number) {
  const bytes: number[] = [];
  let [lastAt, lastLine] = [0, 0];
  for (const [at, line] of pairs) {
    const [far, lines] = [at - lastAt, line - lastLine];
    const isShort = far >= 0 && far < 31 && lines >= 0 && lines < 8 && far * 8 + lines > 0;
    if (isShort) bytes.push(far * 8 + lines);
    else
      bytes.push(
        0xff,
        ...compressed(zigzag(far), excluded),
        ...compressed(zigzag(lines), excluded),
      );
    [lastAt, lastLine] = [at, line];
  }
  return Uint8Array.from([...bytes, 0]);
}

for (const excluded of [0, 1]) {
  test(`numbers come back as they were written, without ${excluded} values of a byte`, () => {
    const values = [0, 1, 190, 191, 192, 193, 255, 256, 12_479, 12_480, 65_535, 2 ** 24, 2 ** 31];
    for (let value = 3; value < 2 ** 31; value = value * 3 + 1) values.push(value);
    const numbers = new CompressedNumbers(
      Uint8Array.from(values.flatMap((value) => compressed(value, excluded))),
      excluded,
    );
    for (const value of values) expect(numbers.unsigned()).toBe(value);
    expect(numbers.unsigned()).toBeUndefined();
  });

  test(`a bytecode has the line of the last pair before it, without ${excluded} values`, () => {
    const lineOf = excluded === 0 ? lineOfBytecode : lineOfBytecodeWithoutZeros;
    const table = tableOf(
      [
        [0, 120],
        [5, 121],
        [300, 90],
        [310, 2000],
        [8, 122],
      ],
      excluded,
    );
    const lines = [0, 4, 5, 7, 8, 299, 300, 309, 310, 9999].map((at) => lineOf(table, 0, at));
    expect(lines).toEqual([120, 120, 121, 121, 122, 122, 90, 90, 2000, 2000]);
  });
}

test('a table that ends too early, or has nothing in it, has the lines that it has', () => {
  expect(lineOfBytecode(new Uint8Array(), 0, 0)).toBeUndefined();
  expect(lineOfBytecode(Uint8Array.of(0), 0, 5)).toBeUndefined();
  expect(lineOfBytecode(Uint8Array.of(0xff, 0xc0), 0, 5)).toBeUndefined();
  const table = tableOf(
    [
      [0, 70],
      [9, 71],
    ],
    0,
  );
  expect(lineOfBytecode(table.subarray(0, -2), 0, 20)).toBe(70);
});

test('garbage of any kind ends', () => {
  for (let seed = 1; seed < 2000; seed++) {
    const bytes = Uint8Array.from(
      { length: seed % 64 },
      (_, at) => (seed * 2654435761 * (at + 7)) >>> 13,
    );
    for (const lineOf of [lineOfBytecode, lineOfBytecodeWithoutZeros])
      expect(() => lineOf(bytes, 0, seed)).not.toThrow();
  }
});
