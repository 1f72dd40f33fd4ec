import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { stringifyJson } from './json.ts';
import { UNSAFE_CHARACTER } from './printable.ts';

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'u');

const text = fc.string({ unit: 'binary' });
const invisible = fc.constantFrom(
  ...['\u0000', '\u007f', '\u009b', '\u00a0', '\u061c', '\u200b', '\u200f', '\u2028', '\u2029'],
  ...['\u202e', '\u2066', '\ufeff', '\u{e0001}', '\u{1d173}', '\\', '"', '\\ud800', '\n'],
);
const words = fc.array(fc.oneof(text, invisible)).map((parts) => parts.join(''));

test('what a terminal acts upon is escaped, in keys too, and nothing is changed', () => {
  fc.assert(
    fc.property(fc.dictionary(words, fc.array(words)), (value) => {
      const line = stringifyJson(value);
      expect(line).not.toMatch(UNSAFE);
      // A null prototype or a key __proto__ is not what this is about.
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
      const indented = stringifyJson(value, 2);
      expect(indented.replaceAll('\n', '')).not.toMatch(UNSAFE);
      expect(JSON.parse(indented)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('every single character comes back', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const line = stringifyJson(character);
    if (JSON.parse(line) !== character) throw new Error(`U+${code.toString(16)} is ${line}`);
  }
});

test('half surrogate pairs, which stand for bytes, are U+FFFD as a decoder makes it', () => {
  expect(stringifyJson(['a\udcff\udcfeb', '\udce3\udc81', '\\udcff', '\\\udcff'])).toBe(
    '["a\ufffd\ufffdb","\ufffd","\\\\udcff","\\\\\ufffd"]',
  );
  expect(JSON.parse(stringifyJson({ '\ud800k': '\udc00' }))).toEqual({ '\ufffdk': '\ufffd' });
});
