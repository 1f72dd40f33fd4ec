// The examples, each run as its first comment says, against real processes.

import { describe, expect } from 'bun:test';
import { chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { blackOut } from '../examples/exec-audit.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

const example = (name: string) => resolve(import.meta.dir, '../examples', `${name}.ts`);

/** Runs an example while `work` is done. */
async function observed(name: string, args: readonly string[], work: () => Promise<unknown>) {
  await using waggle = new Waggle(['run', example(name), ...args]);
  await waggle.says(/ready/);
  await work();
  await Bun.sleep(300);
  const result = await waggle.stop();
  expect(result.signal).toBeNull();
  return result;
}

describe('host-agent', () => {
  kernelTest(
    'keeps what `waggle history` shows, and tells what fails in place of a receiver',
    async () => {
      const folder = join(freshFolder(), 'store');
      const mark = `host-agent-${process.pid}`;
      const { code, stdout } = await observed('host-agent', [folder], async () => {
        await exitCodeOf(workload('exit_with'), '--id=7', mark, '--token=secret-of-the-test');
        await exitCodeOf(workload('exit_with'), '--id=0', mark);
        await run(workload('burn_in_2'), '900');
      });
      expect(code).toBe(0);
      const told = stdout
        .split('\n')
        .filter((line) => line.includes(mark))
        .map((line) => JSON.parse(line));
      expect(told).toMatchObject([
        { exitCode: 7, argv: [workload('exit_with'), '--id=7', mark, '--token=[redacted]'] },
      ]);
      const history = await Waggle.run([
        'history',
        '--store',
        folder,
        '--json',
        '--comm',
        'exit_with',
      ]);
      const kept = history.stdout
        .split('\n')
        .filter((line) => line.includes(mark))
        .map((line) => JSON.parse(line));
      expect(kept.map(({ exitCode }) => exitCode)).toEqual([7, 0]);
      expect(history.stdout).not.toContain('secret-of-the-test');
      const profile = await Waggle.run([
        ...['history', 'profile', '--store', folder, '--since', '10m', '--comm', '^only_in_2$'],
      ]);
      expect(profile.stdout).toMatch(/only_in_2/);
    },
  );
});

describe('exec-audit', () => {
  kernelTest('writes what was asked for, without the password', async () => {
    const secret = 'correct-horse';
    const { code, stdout } = await observed('exec-audit', ['--comm', '^exit_with$'], () =>
      run(workload('exit_with'), '--id=0', '--password', secret, `--token=${secret}`),
    );
    expect(code).toBe(0);
    // Others may run tests on this host at the same moment.
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { exe } of records) expect(exe).toMatch(/\/exit_with$/);
    const record = records.find(({ argv }) => argv.includes('--password'));
    expect(record).toMatchObject({
      uid: 0,
      exe: workload('exit_with'),
      cwd: process.cwd(),
      argv: [workload('exit_with'), '--id=0', '--password', '***', '--token=***'],
      marks: [],
    });
    expect(stdout).not.toContain(secret);
  });

  kernelTest('finds what gains privileges', async () => {
    const folder = freshFolder();
    chmodSync(folder, 0o755);
    const program = copyOfWorkload('exit_with', join(folder, 'elevated'));
    chmodSync(program, 0o4755);
    const { stdout } = await observed('exec-audit', ['--mark', 'setuid'], async () => {
      await run(workload('exit_with'), '--id=0');
      await exitCodeOf('setpriv', '--reuid=65534', '--clear-groups', program, '--id=0');
    });
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { marks } of records) expect(marks).toContain('setuid');
    expect(records.map(({ exe }) => exe)).toContain(program);
  });

  kernelTest('leaves other words alone', () => {
    const argv = ['mysql', '--password=', '--user', 'me', '--token', 'x', 'y', '--secretive', 'z'];
    expect(blackOut(argv)).toEqual([
      ...['mysql', '--password=***', '--user', 'me', '--token', '***', 'y', '--secretive', 'z'],
    ]);
  });
});

kernelTest('crash-reporter tells of crashes, once each, and counts repeats', async () => {
  const { code, stdout } = await observed('crash-reporter', [], async () => {
    for (let crash = 0; crash < 5; crash++) await exitCodeOf(workload('die_by'), '11');
    await exitCodeOf(workload('die_by'), '6');
    await exitCodeOf(workload('die_by'), '15');
    await exitCodeOf(workload('exit_with'), '--id=1');
  });
  expect(code).toBe(0);
  const lines = stdout.split('\n').filter((line) => line.includes(workload('die_by')));
  expect(lines.length).toBe(3);
  expect(lines[0]).toMatch(
    /die_by ended by SIGSEGV after 0\.\d+ s.*: pid \d+, started by bun: .*die_by 11$/,
  );
  expect(lines[1]).toMatch(/die_by ended by SIGABRT after/);
  expect(lines[2]).toMatch(/die_by ended by SIGSEGV: 5 times$/);
});

kernelTest('profile-by-container counts processes that ended', async () => {
  const { code, stdout } = await observed('profile-by-container', ['60'], () =>
    run(workload('call_tree'), '500'),
  );
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  for (const line of lines) expect(line).toMatch(/^\S.*\t\d+ samples\thottest: .+ \(\d+\)$/);
  expect(stdout).toContain('samples');
});

kernelTest('user-names: one plugin provides what the other needs', async () => {
  const { code, stdout } = await observed('user-names', [], () =>
    run(workload('exit_with'), '--id=0', 'by-root'),
  );
  expect(code).toBe(0);
  expect(stdout).toContain(`root runs ${workload('exit_with')} --id=0 by-root\n`);
});
