// trace and record end by themselves when there is nothing left to follow, or nobody who reads.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { within } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

describe('-p ends when all that it follows have ended', () => {
  for (const [name, args] of [
    ['trace', ['trace', '--json', '--events', 'exec']],
    ['record', ['record', '-o', join(freshFolder(), 'profile.folded')]],
  ] as const)
    kernelTest(`${name}: processes and their descendants`, async () => {
      // The child outlives its parent, and is followed to its end.
      await using one = new TestProcess(['sh', '-c', 'read line; sleep 0.5 & exit']);
      await using two = new TestProcess(['sh', '-c', 'read line']);
      await using waggle = new Waggle([...args, '-p', String(one.pid), '-p', String(two.pid)]);
      await waggle.says(/^waggle: (ready|recording)/m);
      one.writeLine('go');
      await one.ended();
      two.writeLine('go');
      const { code } = await waggle.result();
      expect(code).toBe(0);
    });
});

describe('a reader that goes away is noticed although nothing is written', () => {
  for (const [what, args] of [
    ['trace', ['trace', '--comm', '^never-so-named$']],
    ['trace --json', ['trace', '--json', '--comm', '^never-so-named$']],
    ['record', ['record', '-a', '-o', '-']],
  ] as const)
    kernelTest(`${what} into a pipe`, async () => {
      const line = [...WAGGLE, ...args].map((word) => `'${word}'`).join(' ');
      // head takes nothing and is gone; the number is waggle's own exit code.
      const child = Bun.spawn(['sh', '-c', `{ ${line}; echo "code $?" >&2; } | head -c 0`], {
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'pipe',
      });
      const stderr = await within('the pipeline to end', child.stderr.text(), 30_000);
      expect(stderr).toContain('code 0\n');
      expect(stderr).not.toMatch(/EPIPE|internal error/);
    });

  kernelTest('and ends a command of the trace', async () => {
    const line = `${WAGGLE[0]} trace -- ${workload('exit_with')} --id=1; ${WAGGLE[0]} trace --comm x -- sleep 1000`;
    const child = Bun.spawn(['sh', '-c', `{ ${line}; echo "code $?" >&2; } | head -c 0`], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const stderr = await within('the pipeline to end', child.stderr.text(), 40_000);
    expect(stderr).toContain('code 143\n');
  });
});
