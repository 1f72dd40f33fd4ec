import { expect, test } from 'bun:test';
import { printable } from './printable.ts';

const ESC = '\u001b';

/** What text must not bring to a terminal, spelled out: the pattern under test is made of categories. */
const FORBIDDEN = [
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
] as const;

test('controls, bidi controls, separators and what is not seen are escapes', () => {
  for (const [first, last] of FORBIDDEN)
    for (let code = first; code <= last; code++) {
      const shown = printable(`a${String.fromCodePoint(code)}b`);
      expect(shown).toMatch(/^a\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|u\{[0-9a-f]{5}\})b$/);
    }
});

test('what is harmless stays as it is', () => {
  const text = 'héllo wörld 日本 🐝 עברית العربية e\u0301 \\n';
  expect(printable(text)).toBe(text);
});

test('escapes are shown', () => {
  expect(printable(`a${ESC}[2Jb\nc\u009b`)).toBe('a\\u001b[2Jb\\nc\\u009b');
  expect(printable('\u{e0041}')).toBe('\\u{e0041}');
  expect(printable('\udcff')).toBe('\\xff');
  expect(printable('\ud83d')).toBe('\\ud83d');
});
