// The filters of `waggle trace` that look at what runs and at who started it, on the real kernel, while others
// run beside it.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { execIds, exitsOf, isExec, isExit, summaryOf, type TraceEvent } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

const tool = workload('exit_with');

/** What a trace with these options shows of some processes, whose ids are their last arguments. */
async function traced(options: readonly string[], body: () => Promise<unknown>) {
  await using waggle = await Waggle.trace(options);
  await body();
  return await waggle.stop();
}

/** Both ends of each: an exec and an exit with the same pid. */
function expectEnds(events: readonly TraceEvent[], ids: readonly number[]): void {
  expect(execIds(events)).toEqual([...ids]);
  expect(events.filter(isExec).every(({ pid }) => exitsOf(events, pid).length === 1)).toBe(true);
  expect(events.filter(isExit).length).toBe(ids.length);
}

describe('a filter by program', () => {
  kernelTest('--arg: one argument, or all with spaces between', async () => {
    const body = () => Promise.all([run(tool, '--id=0'), run(tool, 'x', '--id=251')]);
    expectEnds((await traced(['--arg', '^--id=251$'], body)).events, [251]);
    expectEnds((await traced(['--arg', 'exit_with x --id'], body)).events, [251]);
  });

  kernelTest('--path: of the program, by its whole path or its name', async () => {
    const other = copyOfWorkload('exit_with', join(freshFolder(), 'other_tool'));
    const body = () => Promise.all([run(tool, '--id=0'), run(other, '--id=502')]);
    expectEnds((await traced(['--path', 'other_*'], body)).events, [502]);
    expectEnds((await traced(['--path', other], body)).events, [502]);
    expectEnds((await traced(['--path', '/nowhere/**'], body)).events, []);
  });

  kernelTest('--exclude: neither name nor path nor argument', async () => {
    const body = () => Promise.all([run(tool, '--id=0'), run(tool, 'secret', '--id=753')]);
    const { events, stderr } = await traced(['--comm', '^exit_with$', '--exclude', 'secret'], body);
    expectEnds(events, [0]);
    expect(summaryOf(stderr).suppressed).toBeGreaterThanOrEqual(2);
  });

  kernelTest('--parent: by name or by pid', async () => {
    const script = `${tool} --id=1004; ${tool} --id=1255; exit 0`;
    const body = () => Promise.all([run('bash', '-c', script), run(tool, '--id=0')]);
    expectEnds((await traced(['--parent', '^bash$', '--path', tool], body)).events, [1004, 1255]);
    const mine = ['--parent', String(process.pid), '--path', tool];
    expectEnds((await traced(mine, body)).events, [0]);
  });

  kernelTest('--user: by the name that /etc/passwd has', async () => {
    const asNobody = ['setpriv', '--reuid=nobody', '--clear-groups', tool, '--id=1506'];
    const body = () => Promise.all([run(...(asNobody as [string])), run(tool, '--id=0')]);
    const { events } = await traced(['--user', 'nobody', '--path', tool], body);
    expect(execIds(events)).toEqual([1506]);
  });

  kernelTest('what is no value of one: exit 2 and one line', async () => {
    for (const wrong of [
      ['--user', 'nobody-of-this-name'],
      ['--columns', 'pid,nothing'],
      ['--columns', 'command,pid'],
      ['--time', 'tomorrow'],
      ['--arg', '('],
      ['--path', ''],
      ['--user', 'root', '--uid', '0'],
      ['--columns', 'pid', '--json'],
      ['--as', 'root'],
      ['--summary', '--tree'],
    ]) {
      const { code, stdout, stderr } = await Waggle.run(['trace', ...wrong]);
      expect({ wrong, code, stdout }).toEqual({ wrong, code: 2, stdout: '' });
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
  });
});
