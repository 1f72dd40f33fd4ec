// A bash that really runs is the judge: of any bytes it must give back what was put in.

import { describe, expect, test } from 'bun:test';
import { decodeBytes } from '@waggle/bpf';
import { commandLine, shellWord, UNSAFE_CHARACTER } from '@waggle/text';
import fc from 'fast-check';

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'u');

/** C has no characters beyond ASCII; in C.UTF-8 bytes that are none are most likely to be misread. */
const LOCALES = ['C', 'C.UTF-8'];

/** What bash makes of the text of a line, as arguments of a program. */
function readByBash(line: string, locale: string, flags: readonly string[] = []): Buffer[] {
  const script = `show() { printf '%s\\0' "$@"; }\nshow ${line}\n`;
  const { stdout, exitCode, stderr } = Bun.spawnSync(['/bin/bash', '--norc', ...flags], {
    env: { LC_ALL: locale, HISTFILE: '/dev/null', PS1: '' },
    stdin: Buffer.from(script),
    stderr: 'pipe',
    timeout: 60_000,
  });
  if (exitCode !== 0) throw new Error(stderr.toString());
  const words: Buffer[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf(0, at);
    words.push(stdout.subarray(at, end));
    at = end + 1;
  }
  return words;
}

const asText = (bytes: Uint8Array) => decodeBytes(bytes, 0, bytes.length);

/** Anything but NUL, with much of what means something to a shell. */
const bytes = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: fc.uint8Array({ min: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.uint8Array({ min: 0x80, maxLength: 6 }) },
      {
        weight: 4,
        arbitrary: fc
          .constantFrom(
            ...["'", '"', '\\', '\n', '\t', '\r', '\u000b', '$(echo x)', '`x`', '; echo x #', '!!'],
            ...[
              '!x',
              '~',
              '*',
              '{a,b}',
              '\\u0041',
              '\\x41',
              '\\101',
              '\\c',
              '%s',
              '$HOME',
              '=',
              '#',
            ],
            ...[
              'é',
              '日本',
              '🐝',
              '\u0080',
              '\u009b',
              '\u00a0',
              '\u202e',
              '\u2028',
              '\ufeff',
              '0aF',
            ],
            ...['\u0001', '\u007f', '\u001b[2J', ' ', 'word', '\u{e0041}'],
          )
          .map((text) => new TextEncoder().encode(text)),
      },
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

describe('a word is what ran', () => {
  for (const locale of LOCALES)
    for (const [kind, flags] of [
      ['a script', []],
      ['a terminal with history', ['-i', '-o', 'history', '-o', 'histexpand']],
    ] as const)
      test(`bash gives back the bytes: ${locale}, ${kind}`, () => {
        fc.assert(
          fc.property(fc.array(bytes, { minLength: 1, maxLength: 60 }), (argv) => {
            const line = argv.map((argument) => shellWord(asText(argument))).join(' ');
            expect(line).not.toMatch(UNSAFE);
            expect(readByBash(line, locale, flags)).toEqual(argv);
          }),
          { numRuns: 40 },
        );
      });

  test('each byte and each pair of a byte and what follows', () => {
    const all = Array.from({ length: 255 }, (_, index) => Buffer.of(index + 1));
    const followed = all.flatMap((byte) =>
      ['0', 'f', '\\', "'", '\n'].map((next) => Buffer.concat([byte, Buffer.from(next)])),
    );
    const argv = [...all, ...followed];
    for (const locale of LOCALES)
      expect(readByBash(argv.map((each) => shellWord(asText(each))).join(' '), locale)).toEqual(
        argv,
      );
  });

  test('no character can swallow the escape behind it, as in Shift JIS', () => {
    expect(shellWord('é日本\n')).toBe("$'é日本'$'\\n'");
    expect(shellWord("\tä'ö")).toBe("$'\\tä'$'\\'ö'");
  });

  test.each([
    ['plain', 'plain'],
    ['/usr/bin/x-1.2', '/usr/bin/x-1.2'],
    ['--a=b', '--a=b'],
    ['', "''"],
    ['two words', "'two words'"],
    ['$HOME', "'$HOME'"],
    ["it's", "'it'\\''s'"],
    ['C:\\new', "'C:\\new'"],
    ['a\nb', "$'a\\nb'"],
    ['C:\\new\tx', "$'C:\\\\new\\tx'"],
    ["\\'\n", "$'\\\\\\'\\n'"],
    ['\u001b[1m', "$'\\u001b[1m'"],
    ['\u009b', "$'\\302\\233'"],
    ['\u202e', "$'\\342\\200\\256'"],
    ['a\udcffb', "$'a\\377b'"],
  ])('%p is %p', (argument, word) => {
    expect(shellWord(argument)).toBe(word);
  });
});

describe('a command line', () => {
  test('is no assignment and no keyword', () => {
    expect(commandLine(['A=1', 'B=2'])).toBe("'A=1' B=2");
    expect(commandLine(['time', 'if'])).toBe("'time' if");
    expect(commandLine(['%1'])).toBe("'%1'");
  });

  test('shows each cut behind the quotes of what was cut', () => {
    expect(commandLine(['x', 'a b', 'c'], { isCut: (index) => index === 1 })).toBe("x 'a b'… c");
    expect(commandLine(['x', 'c'], { isCut: (index) => index === 1, goesOn: true })).toBe('x c…');
    expect(commandLine(['x', 'c'], { goesOn: true })).toBe('x c …');
    expect(commandLine([], { goesOn: true })).toBe('…');
  });

  test('beyond the limit is cut in an argument, never in a quote, an escape or a character', () => {
    expect(commandLine(['sh', '-c', 'a b c'], { limit: 9 })).toBe("sh -c 'a b'…");
    expect(commandLine(['x', 'y'], { limit: 1 })).toBe('x …');
    expect(commandLine(['ab🐝c'], { limit: 3 })).toBe('ab…');
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1 }), fc.nat({ max: 40 }), (argv, limit) => {
        const texts = argv.map(asText);
        const line = commandLine(texts, { limit });
        const shown = readByBash(line, 'C.UTF-8').map(asText);
        const cut = shown.at(-1)?.endsWith('…') ? shown.pop()?.slice(0, -1) : undefined;
        expect(shown).toEqual(texts.slice(0, shown.length));
        if (cut !== undefined) expect(texts[shown.length]?.startsWith(cut)).toBe(true);
        else expect(shown.length).toBe(texts.length);
      }),
      { numRuns: 40 },
    );
  });
});
