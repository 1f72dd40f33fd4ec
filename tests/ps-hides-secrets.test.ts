// `waggle ps` says who a process is, and no secret of its arguments or environment unless asked.

import { describe, expect, test } from 'bun:test';
import { kernelTest } from './support/kernel-test.ts';
import { startTicks, statFields, TestProcess } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';

const SECRET = 'hunter2-in-argv';
const TOKEN = 'hunter2-in-environ';
const COMMAND = ['/usr/bin/env', '-i', `TOKEN=${TOKEN}`, '/bin/sh', '-c', `read line # ${SECRET}`];

async function ps(...options: string[]) {
  await using child = new TestProcess(COMMAND);
  for (let look = 0; look < 500; look++) {
    const result = await Waggle.run(['ps', ...options, String(child.pid)]);
    // Until env has executed the shell, it is env.
    if (/\/(da)?sh\b/.test(result.stdout)) return { result, pid: child.pid };
    await Bun.sleep(10);
  }
  throw new Error('the shell never came');
}

describe('without --reveal', () => {
  for (const options of [[], ['--json']])
    test(`no secret is shown (${options.join(' ') || 'table'})`, async () => {
      const { code, stdout, stderr } = (await ps(...options)).result;
      expect(code).toBe(0);
      expect(stdout + stderr).not.toContain('hunter2');
      expect(stdout).toContain('TOKEN');
    });
});

test('--reveal shows everything', async () => {
  const { result, pid } = await ps('--json', '--reveal');
  const fields = JSON.parse(result.stdout) as { pid: number; cmdline: string[]; environ: object };
  expect(fields.pid).toBe(pid);
  expect(fields.cmdline).toEqual(COMMAND.slice(3));
  expect(fields.environ).toMatchObject({ TOKEN });
});

test('a pid that nobody has ends with 1 and is named; the others are shown', async () => {
  const result = await Waggle.run(['ps', '--json', '4194303', String(process.pid)]);
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('4194303');
  expect(JSON.parse(result.stdout)).toMatchObject({ pid: process.pid });
});

test('the start is a date, and in JSON one beside the ticks', async () => {
  const before = Date.now();
  await using child = new TestProcess(['/bin/sleep', '1000']);
  const { stdout } = await Waggle.run(['ps', '--json', String(child.pid)]);
  const { startTime, startedAt } = JSON.parse(stdout) as { startTime: number; startedAt: string };
  expect(startTime).toBe(startTicks(child.pid)!);
  // A tick of 10 ms, and what both clocks are cut by.
  expect(new Date(startedAt).getTime()).toBeGreaterThan(before - 50);
  expect(new Date(startedAt).getTime()).toBeLessThan(Date.now() + 50);
  const table = (await Waggle.run(['ps', String(child.pid)])).stdout;
  expect(table).toMatch(/^started +\d{4}-\d\d-\d\dT[\d:.]+Z \(\d+ ticks after boot\)$/m);
});

kernelTest('what may not be read is named, with what to do', async () => {
  await using other = new TestProcess(['setpriv', '--reuid=1234', '/bin/sleep', '1000']);
  while (statFields(other.pid)?.[2] !== 'sleep') await Bun.sleep(5);
  // Root without the capability to look into another user's process.
  const asking = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace', ...WAGGLE];
  const ps = Bun.spawnSync([...asking, 'ps', '--json', String(other.pid)]);
  const fields = JSON.parse(ps.stdout.toString()) as { denied?: string[]; comm: string };
  expect(fields.comm).toBe('sleep');
  expect(fields.denied).toContain('exe');
  expect(ps.stderr.toString()).toMatch(/may not read .*exe.*CAP_SYS_PTRACE/);
  expect(ps.exitCode).toBe(0);
  expect((await Waggle.run(['ps', '--json', String(other.pid)])).stdout).not.toContain('denied');
});

test('a mistake in the command line ends with 2', async () => {
  for (const args of [['ps'], ['ps', 'abc']]) expect((await Waggle.run(args)).code).toBe(2);
});
