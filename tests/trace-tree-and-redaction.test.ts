// `trace --tree`: who started whom, also when the parent is long gone. `trace --redact`: secrets in
// arguments appear in no form of output.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { isExec, type TraceEvent } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

type WithAncestors = TraceEvent & {
  readonly ancestors: readonly { readonly pid: number; readonly comm: string }[];
};

const exitWith = (id: string) => `${workload('exit_with')} --id=0 ${id}`;

/** A grandchild that runs when its parent has ended and nobody knows but the tree. */
const ORPHAN = `sh -c '(sleep 0.2; ${exitWith('orphan')}) &'; sleep 0.6`;

describe('trace --tree', () => {
  kernelTest('indents each process below who started it, orphans too', async () => {
    const { code, stdout } = await Waggle.run(['trace', '--tree', '--', 'sh', '-c', ORPHAN]);
    expect(code).toBe(0);
    const line = (text: string) => stdout.split('\n').find((row) => row.includes(text)) ?? '';
    expect(line(' exec ')).toMatch(/ {2}sh +sh -c /);
    const columnOf = (text: string) => line(`└─ ${text}`).indexOf('└─');
    // sh, then sh -c, then its subshell, which becomes the program.
    expect(columnOf('sleep 0.6')).toBeGreaterThan(0);
    expect(columnOf('sleep 0.2')).toBe(columnOf('sleep 0.6') + 4);
    expect(columnOf(exitWith('orphan'))).toBe(columnOf('sleep 0.6') + 2);
    expect(stdout).not.toContain('\u001b');
  });

  kernelTest('with --json names all ancestors, nearest first', async () => {
    const args = ['trace', '--json', '--tree', '--', 'sh', '-c', ORPHAN];
    const { stdout } = await Waggle.run(args);
    const events = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as WithAncestors);
    const orphan = events.find((event) => isExec(event) && event.argv[2] === 'orphan');
    expect(orphan?.ancestors.slice(0, 3).map(({ comm }) => comm)).toEqual(['sh', 'sh', 'bun']);
    const [subshell, shell] = events.filter((event) => isExec(event) && event.comm === 'sh');
    expect(orphan?.ancestors.slice(0, 2).map(({ pid }) => pid)).toEqual([
      shell && 'pid' in shell ? shell.pid : -1,
      subshell && 'pid' in subshell ? subshell.pid : -1,
    ]);
    // Down to the test that started it, and on to the first process.
    expect(orphan?.ancestors.some(({ pid }) => pid === process.pid)).toBe(true);
    expect(orphan?.ancestors.at(-1)?.pid).toBe(1);
  });

  kernelTest('knows processes that were there before it', async () => {
    await using shell = new TestProcess(['sh', '-c', 'read line; true & wait']);
    await using waggle = await Waggle.trace(['--tree', '-p', String(shell.pid)]);
    shell.writeLine('go');
    await shell.ended();
    const { stdout } = await waggle.stop();
    const exec = stdout.split('\n').map((text) => (text ? JSON.parse(text) : undefined))[0];
    expect(exec.ancestors[0]).toMatchObject({ pid: shell.pid, comm: 'sh' });
    expect(exec.ancestors[1]).toMatchObject({ pid: process.pid });
  });
});

describe('trace --redact', () => {
  const secret = 'correct-horse-battery';
  const work = `${exitWith(`--password ${secret}`)}; ${exitWith(`--token=${secret}`)}`;
  const patterns = ['--redact', '--password[= ](\\S+)', '--redact', '--token=\\S+'];

  for (const form of [[], ['--json'], ['--tree'], ['--json', '--tree']])
    kernelTest(`hides what matches: trace ${form.join(' ')}`, async () => {
      await using waggle = new Waggle(['trace', ...form, ...patterns]);
      await waggle.says(/ready/);
      await run('sh', '-c', work);
      await Bun.sleep(200);
      const { code, stdout } = await waggle.stop();
      expect(code).toBe(0);
      expect(stdout).not.toContain(secret);
      expect(stdout).toContain('[redacted]');
      expect(stdout).toContain('--password');
    });

  kernelTest('of what is no pattern ends with 2', async () => {
    const { code, stderr } = await Waggle.run(['trace', '--redact', '(']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/regular expression/i);
  });
});
