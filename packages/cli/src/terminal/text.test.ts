import { expect, test } from 'bun:test';
import { palette } from './text.ts';

const ESC = '\u001b';

test('colours only on a terminal and never with NO_COLOR', () => {
  expect(palette(true, {}).red('x')).toBe(`${ESC}[31mx${ESC}[0m`);
  expect(palette(true, { NO_COLOR: '1' }).red('x')).toBe('x');
  expect(palette(true, { TERM: 'dumb' }).red('x')).toBe('x');
  expect(palette(false, {}).red('x')).toBe('x');
});
