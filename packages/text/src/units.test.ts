import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { durationText, shortDuration, shortSize, sizeText } from './units.ts';

test.each([
  [0n, '0 µs'],
  [412_000n, '412 µs'],
  [999_600n, '1.0 ms'],
  [3_140_000n, '3.1 ms'],
  [99_960_000n, '100 ms'],
  [900_000_000n, '900 ms'],
  [999_960_000n, '1.0 s'],
  [12_400_000_000n, '12.4 s'],
  [59_990_000_000n, '1m00s'],
  [125_000_000_000n, '2m05s'],
  [11_220_000_000_000n, '3h07m'],
  [180_000_000_000_000n, '2d02h'],
])('%p ns is %s', (nanoseconds, text) => {
  expect(durationText(nanoseconds)).toBe(text);
});

test.each([
  [0n, '0 B'],
  [999n, '999 B'],
  [1_000n, '1.0 kB'],
  [9_960n, '10 kB'],
  [45_000_000n, '45 MB'],
  [999_600n, '1.0 MB'],
  [2n ** 63n, '9.2 EB'],
])('%p bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  [0, '0B'],
  [999, '999B'],
  [2000, '2.0K'],
  [934 * 1024, '934K'],
  [1.2 * 1024 ** 3, '1.2G'],
])('%p bytes are %s for short', (bytes, text) => {
  expect(shortSize(bytes)).toBe(text);
});

test.each([
  [300, '300ms'],
  [4_200, '4.2s'],
  [187_000, '3m07'],
  [18_720_000, '5h12'],
  [18 * 86_400_000, '18d'],
])('%p ms are %s for short', (ms, text) => {
  expect(shortDuration(ms)).toBe(text);
});

test('short ones have the columns that they are given', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
      expect(shortSize(value).length).toBeLessThanOrEqual(5);
      expect(shortDuration(Math.min(value, 1e12)).length).toBeLessThanOrEqual(6);
    }),
  );
});
