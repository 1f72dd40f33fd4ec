// Arguments and file names as given to execve: whole up to the documented bound, cut and flagged
// beyond it, and never able to act on the terminal that shows them.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordBounds } from '@waggle/bpf';
import { type ExecLine, execsOf, exitsOf, isExec } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

const LIMIT = recordBounds.ARGV_MAX_BYTES;

/** Executes `program` with exactly these arguments, argv[0] included. */
async function execute(program: string, argv: readonly (string | Uint8Array)[]): Promise<void> {
  const parts = argv.flatMap((argument) => [Buffer.from(argument), Buffer.of(0)]);
  const child = Bun.spawn([workload('exec_args'), program], {
    stdin: Buffer.concat(parts),
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const [problem, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (problem !== '') throw new Error(problem);
  expect(code).toBe(0);
}

/** Executes it under a trace of its own; its exec event. */
async function tracedExec(
  argv: readonly (string | Uint8Array)[],
  program = workload('exit_with'),
): Promise<ExecLine> {
  await using waggle = await Waggle.trace(['--events', 'exec']);
  await execute(program, argv);
  const { events } = await waggle.stop();
  const execs = events.filter(isExec).filter(({ filename }) => filename === program);
  expect(execs.length).toBe(1);
  return execs[0]!;
}

/** Arguments that take `bytes` bytes together, the NUL behind each included. */
function argumentsOf(bytes: number): string[] {
  const first = 'program';
  const longest = 100_000;
  const argv = [first];
  for (let left = bytes - first.length - 1; left > 0; ) {
    const length = Math.min(left, longest);
    argv.push(String.fromCharCode(97 + (argv.length % 26)).repeat(length - 1));
    left -= length;
  }
  return argv;
}

describe('argv of an exec event', () => {
  for (const bytes of [LIMIT - 1, LIMIT])
    kernelTest(`is whole with ${bytes} bytes`, async () => {
      const argv = argumentsOf(bytes);
      const exec = await tracedExec(argv);
      expect(exec.argv).toEqual(argv);
      expect(exec.argvTruncated).toBe(false);
    });

  for (const bytes of [LIMIT + 1, LIMIT + 2, 2 * 1024 * 1024])
    kernelTest(`is its own beginning, and says so, with ${bytes} bytes`, async () => {
      const argv = argumentsOf(bytes);
      const exec = await tracedExec(argv);
      expect(exec.argvTruncated).toBe(true);
      const whole = `${argv.join('\0')}\0`;
      const seen = exec.argv.join('\0');
      // A cut that falls on the end of an argument leaves no NUL to see.
      expect(seen.length).toBeGreaterThanOrEqual(LIMIT - 1);
      expect(seen.length).toBeLessThanOrEqual(LIMIT);
      expect(whole.startsWith(seen)).toBe(true);
    });

  kernelTest('keeps a cut between two arguments apart from a whole command line', async () => {
    const argv = [...argumentsOf(LIMIT), 'one more'];
    const exec = await tracedExec(argv);
    expect(exec.argvTruncated).toBe(true);
    expect(exec.argv).toEqual(argv.slice(0, -1));
  });

  kernelTest('keeps empty arguments, newlines, quotes and escape sequences', async () => {
    const argv = [
      'program',
      '',
      'two\nlines',
      '\u001b[31mred\u001b[0m',
      "it's",
      '"',
      '\\',
      ' ',
      '',
    ];
    const exec = await tracedExec(argv);
    expect(exec.argv).toEqual(argv);
    expect(exec.argvTruncated).toBe(false);
  });

  kernelTest('keeps every character of Unicode, a byte order mark included', async () => {
    const argv = ['\ufeffprogram', '\ufeff', 'grüße', '蜂', '🐝', '\u202eevil'];
    const exec = await tracedExec(argv);
    expect(exec.argv).toEqual(argv);
  });

  kernelTest('shows bytes that are no UTF-8 as U+FFFD', async () => {
    const exec = await tracedExec(['program', Uint8Array.of(0x61, 0xff, 0xfe, 0x62), 'after']);
    expect(exec.argv).toEqual(['program', 'a\ufffd\ufffdb', 'after']);
  });

  kernelTest('is [""] without any argument, as the kernel makes it since 5.18', async () => {
    const exec = await tracedExec([]);
    expect(exec.argv).toEqual(['']);
  });

  kernelTest('keeps an empty argv[0]', async () => {
    const exec = await tracedExec(['', 'second']);
    expect(exec.argv).toEqual(['', 'second']);
  });

  kernelTest('keeps a file name of PATH_MAX - 1 bytes', async () => {
    const folder = freshFolder();
    copyOfWorkload('exit_with', join(folder, 'program'));
    const program = `${folder}/${'/'.repeat(4095 - folder.length - 8)}program`;
    expect(program.length).toBe(4095);
    const exec = await tracedExec(['program'], program);
    expect(exec.filename).toBe(program);
    expect(exec.argv).toEqual(['program']);
  });

  kernelTest('keeps the longest file name and the longest argv together', async () => {
    const folder = freshFolder();
    copyOfWorkload('exit_with', join(folder, 'program'));
    const program = `${folder}/${'/'.repeat(4095 - folder.length - 8)}program`;
    const argv = argumentsOf(LIMIT);
    const exec = await tracedExec(argv, program);
    expect(exec.filename).toBe(program);
    expect(exec.argv).toEqual(argv);
    expect(exec.argvTruncated).toBe(false);
  });

  kernelTest('of a script is what the interpreter got, under the name of the script', async () => {
    const folder = freshFolder();
    const script = join(folder, 'script');
    writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const exec = await tracedExec(['program', 'argument'], script);
    expect(exec.argv.slice(-2)).toEqual([script, 'argument']);
    expect(exec.argv[0]).toMatch(/\/sh$/);
    expect(exec.comm).toBe('script');
  });
});

/** Of no use to anyone but who wants to fool the reader: hidden, reordering, or acted upon. */
const HOSTILE = [
  ...['\u001b[1mbold', '\u009b31m', '\u202e', 'a\nfake line', '\b\b\u007f', 'C:\\new\tx'],
  ...[
    'x\n\\; echo INJECTED #',
    '\u061c',
    '\u2028',
    '\u2029',
    '\u200b',
    '\ufeff',
    '\u2066',
    '\u00a0',
  ],
];
const NO_TEXT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe('the table for people', () => {
  kernelTest('has no byte that a terminal acts upon, whatever programs are called', async () => {
    const folder = join(freshFolder(), 'dir\u001b[2J\r\n');
    mkdirSync(folder);
    const program = copyOfWorkload('exit_with', join(folder, 'p\u001b]0;x\u0007'));
    for (const form of [[], ['--tree'], ['--json'], ['--json', '--tree']]) {
      await using waggle = new Waggle(['trace', ...form, '--events', 'fork,exec,exit']);
      await waggle.says(/ready/);
      await execute(program, HOSTILE);
      const { stdout, code } = await waggle.stop();
      expect(code).toBe(0);
      expect(stdout).toContain('\\u001b[1mbold');
      expect(stdout).not.toMatch(NO_TEXT);
      expect(stdout).not.toMatch(/^fake line/m);
    }
  });

  kernelTest('can be pasted: exec and exit show the very words that ran', async () => {
    // What others run meanwhile has other names.
    const name = 'shown_and_pasted';
    const argv = [Buffer.from(name), ...HOSTILE.map((text) => Buffer.from(text))];
    argv.push(Buffer.of(0x61, 0xff, 0xfe, 0x62), Buffer.of(0xe6, 0x97));
    await using waggle = new Waggle(['trace']);
    await waggle.says(/ready/);
    await execute(workload('exit_with'), argv);
    const { stdout } = await waggle.stop();
    const rows = stdout
      .split('\n')
      .filter((row) => row.includes(`${name} `) && /exec|exit/.test(row));
    const lines = rows.map((row) => row.slice(row.indexOf(`${name} `)));
    expect(lines.length).toBe(2);
    for (const line of lines) {
      const script = `${name}() { printf '%s\\0' ${name} "$@"; }\n${line}\n`;
      const read = Bun.spawnSync(['/bin/bash', '--norc'], { stdin: Buffer.from(script) });
      expect(read.stdout).toEqual(Buffer.concat(argv.flatMap((word) => [word, Buffer.of(0)])));
    }
  });

  kernelTest('says where arguments were cut, also those of an exit', async () => {
    const argv = argumentsOf(LIMIT + 100);
    await using waggle = new Waggle(['trace', '--json']);
    await waggle.says(/ready/);
    await execute(workload('exit_with'), argv);
    const { events } = await waggle.stop();
    const exec = execsOf(events, workload('exit_with'))[0]!;
    const exit = exitsOf(events, exec.pid)[0]!;
    expect(exit.argv).toEqual(exec.argv);
    expect([exec.argvTruncated, exit.argvTruncated]).toEqual([true, true]);
  });
});
