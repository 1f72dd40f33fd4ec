// How the command behaves towards people and scripts: exit codes, messages, closed pipes.

import { describe, expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { cpuMilliseconds } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const UNUSED_PID = '4194303';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

async function refused(args: readonly string[], code: number, says: RegExp): Promise<void> {
  const result = await Waggle.run(args);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
  expect(result.stderr).toMatch(says);
  expect(result.stderr).not.toMatch(/^\s+at /m);
}

describe('a mistake in the command line ends with 2 and says which', () => {
  for (const [args, says] of [
    [['trace', '--bogus'], /--bogus/],
    [['bogus'], /bogus/],
    [['trace', '--events', 'exec,boot'], /boot/],
    [['trace', '-p', 'abc'], /abc/],
    [['trace', '--duration', '-1'], /seconds/],
    [['trace', '--comm', '('], /regular expression/i],
    [['trace', '--uid', 'root'], /id -u/],
    [['trace', '--ring-size', '5000'], /power of two/],
    [['trace', '-p', '1', '--', 'true'], /not both/],
    [['record'], /what to record/],
    [['record', '-a', '-p', '1'], /only one/],
    [['record', '-F', '0', '-a'], /samples a second/],
    [['record', '-a', '-o', 'profile.xyz'], /xyz.*\.folded/],
  ] as const)
    test(args.join(' '), () => refused(args, 2, says));

  test('in the environment', async () => {
    const result = await Waggle.run(['trace'], { env: { WAGGLE_RING_SIZE: 'big' } });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('WAGGLE_RING_SIZE');
  });
});

describe('--help', () => {
  for (const command of [[], ['trace'], ['record'], ['doctor']])
    test(`of ${command[0] ?? 'waggle'} shows examples and ends with 0`, async () => {
      const { code, stdout, stderr } = await Waggle.run([...command, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/Examples?:\n/);
    });
});

describe('what cannot be done ends with 1 and says why', () => {
  kernelTest('a pid that nobody has', () =>
    refused(['trace', '-p', UNUSED_PID], 1, new RegExp(UNUSED_PID)),
  );
  kernelTest('a recording of it', () =>
    refused(['record', '-p', UNUSED_PID, '-o', '-'], 1, new RegExp(UNUSED_PID)),
  );
  kernelTest('a file in a folder that is not there', () =>
    refused(['record', '-o', '/no/such/folder/a.svg', '--', 'true'], 1, /\/no\/such\/folder/),
  );

  for (const args of [['trace'], ['record', '-a', '-o', '-']])
    kernelTest(`${args[0]} without rights names the capabilities`, async () => {
      const result = await Waggle.run(args, { prefix: NOBODY });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('CAP_BPF');
      expect(result.stderr).toContain('CAP_PERFMON');
      expect(result.stderr).not.toMatch(/^\s+at /m);
    });
});

describe('a command that cannot be started', () => {
  for (const mode of ['trace', 'record'])
    kernelTest(`${mode}: 127 when there is none`, () =>
      refused([mode, '--', '/no/such/command'], 127, /\/no\/such\/command/),
    );

  kernelTest('126 when it may not be executed', () => {
    const path = join(freshFolder(), 'plain');
    writeFileSync(path, 'text');
    chmodSync(path, 0o644);
    return refused(['record', '-o', '-', '--', path], 126, /plain/);
  });
});

describe('the end of a trace', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    kernelTest(`by ${signal} gives the summary and ends with 0`, async () => {
      await using waggle = await Waggle.trace();
      const { code, stderr } = await waggle.stop(signal);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^waggle: \d+ events, \d+ lost, \d+ suppressed$/m);
    });

  kernelTest('by a reader that has seen enough is quiet', async () => {
    const line = [...WAGGLE, 'trace', '--json', '--', workload('storm'), '2000', '0'];
    const script = `${line.map((word) => `'${word}'`).join(' ')} '${workload('exit_with')}' | head -n 1`;
    const run = Bun.spawnSync(['/bin/bash', '-c', `set -o pipefail; ${script}`]);
    expect(run.exitCode).toBe(0);
    expect(run.stdout.toString().match(/^\{.*\}\n$/)).not.toBeNull();
    expect(run.stderr.toString()).not.toMatch(/EPIPE|error|^\s+at /m);
  });

  kernelTest('by SIGKILL leaves nothing in the kernel', async () => {
    await using waggle = await Waggle.trace();
    waggle.kill('SIGKILL');
  });
});

kernelTest('an idle trace costs next to nothing', async () => {
  await using waggle = await Waggle.trace(['--comm', '^nobody-has-this-name$']);
  const before = cpuMilliseconds(waggle.pid);
  await Bun.sleep(5000);
  // The goal of 1 % is measured by a benchmark; here other tests' processes make events too.
  expect(cpuMilliseconds(waggle.pid) - before).toBeLessThan(250);
});

kernelTest('doctor says that everything works here', async () => {
  const { code, stdout } = await Waggle.run(['doctor', '--json']);
  const probes = JSON.parse(stdout) as { name: string; required: boolean; state: string }[];
  const failing = probes.filter(({ required, state }) => required && state !== 'works');
  expect({ code, failing }).toEqual({ code: 0, failing: [] });
  expect(probes.map(({ name }) => name)).toContain('exec events');
});
