// What is pasted into a shell runs what ran, as it ran: a shell is asked.

import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type ExecutedProgram, shellCommand } from './shell-command.ts';

const cc: ExecutedProgram = { filename: '/usr/bin/cc', argv: ['cc', '-c', 'a b.c'] };

test.each([
  [cc, "/usr/bin/cc -c 'a b.c'"],
  [{ ...cc, cwd: '/src dir' }, "cd '/src dir' && /usr/bin/cc -c 'a b.c'"],
  [{ ...cc, argv: ['-cc'] }, '(exec -a -cc /usr/bin/cc)'],
  [{ ...cc, argv: [] }, '/usr/bin/cc'],
  [{ ...cc, filename: null, argv: ['cc'] }, 'cc'],
  [
    { ...cc, argv: ['cc'], stdio: ['</dev/null', '>>/tmp/a b', '>>/tmp/a b'] },
    "/usr/bin/cc </dev/null >>'/tmp/a b' 2>&1",
  ],
  [
    { ...cc, argv: ['cc'], stdio: ['<>/dev/pts/3', '>pipe:[12]', '>/tmp/e'] },
    '/usr/bin/cc 2>/tmp/e',
  ],
  [{ ...cc, argv: ['cc'], stdio: ['-', '-', '<>/tmp/x'] }, '/usr/bin/cc <&- 1>&- 2<>/tmp/x'],
  [{ ...cc, argv: ['cc'], stdio: ['<>/tmp/x', '>\u2026/deep', '-'] }, '/usr/bin/cc 0<>/tmp/x 2>&-'],
  [
    {
      ...cc,
      argv: ['cc'],
      environ: ['A=1', "B=it's", 'KEPT=k', 'PWD=/x', 'A=2'],
      parentEnviron: ['A=0', 'GONE=g', 'KEPT=k', 'PWD=/y', '_=cc'],
    },
    "env -u GONE A=1 B='it'\\''s' /usr/bin/cc",
  ],
  [{ ...cc, argv: ['cc'], environ: ['A=1'], parentEnviron: null }, '/usr/bin/cc'],
] as const)('%j', (program, line) => {
  expect(shellCommand(program as ExecutedProgram)).toBe(line);
});

test('with a name of its own and an environment both are the program\u2019s', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-shell-')));
  try {
    const line = shellCommand({
      filename: '/bin/bash',
      argv: ['other name', '-c', 'echo "$0 $X [$GONE] $PWD"; ps -o args= $$; :', 'zero'],
      cwd: folder,
      stdio: ['</dev/null', `>${folder}/out put`, `>${folder}/out put`],
      environ: ['X=a  b'],
      parentEnviron: ['GONE=1'],
    });
    const { exitCode } = Bun.spawnSync(['bash', '-c', line], {
      env: { PATH: process.env.PATH ?? '', GONE: '1' },
    });
    expect(exitCode).toBe(0);
    const [said, args] = readFileSync(join(folder, 'out put'), 'utf8').split('\n');
    expect(said).toBe(`zero a  b [] ${folder}`);
    expect(args).toStartWith('other name -c');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const words = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((word) => !word.includes('\0'));

test('any directory, arguments, variables and files come back', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-shell-')));
  const program = join(folder, 'show');
  writeFileSync(
    program,
    '#!/bin/sh\nprintf "%s\\0" "$(pwd; echo .)" "$V" "$(env | grep -c ^U=)" "$@"; cat\n',
    { mode: 0o755 },
  );
  try {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 4 }), words, words, (args, value, given) => {
        const input = join(folder, 'in put\n$x');
        writeFileSync(input, given);
        const line = shellCommand({
          filename: program,
          argv: ['show', ...args],
          cwd: folder,
          stdio: [`<${input}`, '>pipe:[1]', '>pipe:[1]'],
          environ: [`V=${value}`],
          parentEnviron: ['U=gone'],
        });
        const ran = Bun.spawnSync(['bash', '-c', line], {
          env: { PATH: process.env.PATH ?? '', U: 'gone', LC_ALL: 'C.UTF-8' },
        });
        const expected = [`${folder}\n.`, value.toWellFormed(), '0', ...args].join('\0');
        expect(ran.stdout.toString()).toBe(`${expected}\0${given}`.toWellFormed());
      }),
      { numRuns: 25 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('a script is run by its own name, without the words of its first line', () => {
  const script = { filename: './show it', argv: ['/bin/bash', '-e', './show it', 'a b'] };
  expect(shellCommand(script)).toBe("'./show it' 'a b'");
});
