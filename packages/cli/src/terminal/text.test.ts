import { expect, test } from 'bun:test';
import { humanDuration, palette } from './text.ts';

const ESC = '\u001b';

test.each([
  [412_000n, '412µs'],
  [3_140_000n, '3.1ms'],
  [12_400_000_000n, '12.4s'],
  [125_000_000_000n, '2m05s'],
  [11_220_000_000_000n, '3h07m'],
  [180_000_000_000_000n, '2d02h'],
])('%p ns is %s', (nanoseconds, text) => {
  expect(humanDuration(nanoseconds)).toBe(text);
});

test('colours only on a terminal and never with NO_COLOR', () => {
  expect(palette(true, {}).red('x')).toBe(`${ESC}[31mx${ESC}[0m`);
  expect(palette(true, { NO_COLOR: '1' }).red('x')).toBe('x');
  expect(palette(true, { TERM: 'dumb' }).red('x')).toBe('x');
  expect(palette(false, {}).red('x')).toBe('x');
});
