import { expect, test } from 'bun:test';
import { decodeBytes } from './text.ts';

const decoded = (...bytes: number[]) => decodeBytes(Uint8Array.from(bytes), 0, bytes.length);

/** The inverse, as bytesOf() of @waggle/core is. */
function encoded(text: string): number[] {
  return [...text].flatMap((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? [code - 0xdc00] : [...Buffer.from(character)];
  });
}

test('valid UTF-8 is text, U+FFFD and a byte order mark included', () => {
  for (const text of ['', 'abc', '\ufeffé日🐝', '\ufffd', '\u{10ffff}', '\ud7ff\ue000'])
    expect(decoded(...Buffer.from(text))).toBe(text);
});

test('every other byte is kept', () => {
  expect(decoded(0x61, 0xff, 0x62)).toBe('a\udcffb');
  expect(decoded(0xe6, 0x97)).toBe('\udce6\udc97');
  expect(decoded(0xc0, 0xaf)).toBe('\udcc0\udcaf');
  expect(decoded(0xed, 0xa0, 0x80)).toBe('\udced\udca0\udc80');
  expect(decoded(0xf4, 0x90, 0x80, 0x80)).toBe('\udcf4\udc90\udc80\udc80');
  expect(decoded(0xe0, 0x9f, 0x80, 0xef, 0xbf, 0xbd)).toBe('\udce0\udc9f\udc80\ufffd');
});

test('all bytes in all orders of three can be had back', () => {
  const some = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1];
  const marks = [...some, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff];
  for (const a of marks)
    for (const b of marks)
      for (const c of marks)
        for (const tail of [[], [0x80], [0xbf, 0x41]]) {
          const bytes = [a, b, c, ...tail];
          expect(encoded(decoded(...bytes))).toEqual(bytes);
        }
});
