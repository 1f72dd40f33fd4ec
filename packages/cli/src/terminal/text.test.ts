import { describe, expect, test } from 'bun:test';
import { humanDuration, palette, printable, shellWord } from './text.ts';

const ESC = '\u001b';

describe('text of others cannot act on the terminal', () => {
  test('no control character and no direction override is left', () => {
    let all = '';
    for (let code = 0; code < 0x2100; code++) all += String.fromCharCode(code);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(printable(all)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test('what is harmless stays as it is', () => {
    expect(printable('héllo wörld 日本 🐝 \\n')).toBe('héllo wörld 日本 🐝 \\n');
  });

  test('escapes are shown', () => {
    expect(printable(`a${ESC}[2Jb\nc\u009b`)).toBe('a\\u001b[2Jb\\nc\\u009b');
  });
});

describe('an argument could be typed in a shell', () => {
  test.each([
    ['plain', 'plain'],
    ['/usr/bin/x-1.2', '/usr/bin/x-1.2'],
    ['', "''"],
    ['two words', "'two words'"],
    ['$HOME', "'$HOME'"],
    ["it's", "'it'\\''s'"],
    ['a\nb', "$'a\\nb'"],
  ])('%p', (argument, word) => {
    expect(shellWord(argument)).toBe(word);
  });

  test('and the shell gives it back', () => {
    const words = ['a b', "q'uote", '$(x)', '*', '', 'tab\tnew\nline', "mixed\n'q"];
    const line = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
    const { stdout } = Bun.spawnSync(['/bin/bash', '-c', line]);
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words);
  });
});

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
