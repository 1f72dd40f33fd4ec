// In namespaces of its own, waggle shows what they show: pids as its /proc and kill(2) have them, times
// as its clocks have them. unshare(1) makes them.

import { expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isExec, isExit } from './support/events.ts';
import { parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Waggle, type WaggleResult } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const NEW_PIDS = ['unshare', '--pid', '--fork', '--mount-proc'];
const DAY_S = 86_400;
const NEW_TIME = ['unshare', '--time', '--boottime', String(DAY_S), '--fork'];
const TICKS_PER_SECOND = 100;

/** In a PID namespace: `start` in the background, then waggle with its pid behind the arguments. */
const withPidOf = (start: string) => [...NEW_PIDS, 'sh', '-c', `${start} & exec "$0" "$@" -p $!`];

const SHELLS = ['--', 'sh', '-c', "echo pid $$ >&2; sh -c 'echo pid $$ >&2; /bin/true; :'; :"];

function expectPidsOfTheNamespace({ code, events, stderr }: WaggleResult): void {
  const execs = events.filter(isExec);
  const [shell, child, last] = execs;
  expect(code).toBe(0);
  expect(execs.map(({ comm }) => comm)).toEqual(['sh', 'sh', 'true']);
  const printed = [...stderr.matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));
  expect(printed).toEqual([shell?.pid ?? 0, child?.pid ?? 0]);
  expect([child?.ppid, last?.ppid]).toEqual(printed);
  expect(child?.parentComm).toBe('sh');
  const exits = events.filter(isExit).map(({ pid }) => pid);
  expect(new Set(exits)).toEqual(new Set(execs.map(({ pid }) => pid)));
}

for (const [where, prefix] of [
  ['a PID namespace', NEW_PIDS],
  ['a PID namespace within another', [...NEW_PIDS, ...NEW_PIDS]],
] as const)
  kernelTest(`trace -- CMD in ${where} has its pids`, async () => {
    expectPidsOfTheNamespace(await Waggle.run(['trace', '--json', ...SHELLS], { prefix }));
  });

kernelTest('trace -p in a PID namespace follows the process that has the pid there', async () => {
  const go = join(freshFolder(), 'go');
  const target = `sh -c 'until [ -e ${go} ]; do sleep 0.05; done; /bin/true; kill -INT 1'`;
  await using waggle = await Waggle.trace(['--comm', 'true'], { prefix: withPidOf(target) });
  writeFileSync(go, '');
  const { events } = await waggle.result();
  // Waggle is the first process there and what it follows the second.
  expect(events.map(({ event }) => event)).toEqual(['exec', 'exit']);
  expect(events.filter(isExec).map(({ ppid }) => ppid)).toEqual([2]);
});

kernelTest('trace in a PID namespace leaves out who is not there, and says so', async () => {
  await using _outside = new TestProcess(['sh', '-c', 'while :; do /bin/true; sleep 0.05; done']);
  const args = ['trace', '--json', '--duration', '1'];
  const { events, stderr } = await Waggle.run(args, { prefix: NEW_PIDS });
  expect(events).toEqual([]);
  expect(stderr).toMatch(
    /[1-9]\d* events of processes outside of this PID namespace were left out/,
  );
});

kernelTest('record in a PID namespace names the frames of a command and of -p', async () => {
  const path = join(freshFolder(), 'out.folded');
  const args = ['record', '-F', '999', '-o', path];
  const command = ['--', workload('call_tree'), '700'];
  const target = `${workload('call_tree')} 60000`;
  for (const [more, prefix] of [
    [command, NEW_PIDS],
    [['-d', '1'], withPidOf(target)],
  ] as const) {
    expect(await Waggle.run([...args, ...more], { prefix })).toMatchObject({ code: 0 });
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    expect(samples(stacks)).toBeGreaterThan(100);
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.95 * samples(stacks));
  }
});

kernelTest('record -a in a PID namespace leaves out who is not there, and says so', async () => {
  await using _outside = new TestProcess([workload('call_tree'), '60000']);
  const path = join(freshFolder(), 'out.folded');
  const args = ['record', '-a', '-d', '1', '-o', path];
  const { stderr } = await Waggle.run(args, { prefix: NEW_PIDS });
  expect(samplesWith(parseFolded(readFileSync(path, 'utf8')), 'main')).toBe(0);
  expect(stderr).toMatch(/[1-9]\d* samples of processes outside of this PID namespace were left/);
});

kernelTest(
  'with the /proc of another PID namespace nothing is traced, and it is said why',
  async () => {
    const prefix = ['unshare', '--pid', '--fork'];
    for (const command of ['trace', 'record']) {
      const { code, stderr } = await Waggle.run([command, '--', 'true'], { prefix });
      expect(code).toBe(1);
      expect(stderr).toContain('/proc belongs to another PID namespace than waggle');
    }
    const doctor = await Waggle.run(['doctor'], { prefix });
    expect(doctor).toMatchObject({ code: 1 });
    expect(doctor.stdout).toMatch(/^missing +PID namespace +\/proc belongs to another/m);
    const matching = await Waggle.run(['doctor'], { prefix: NEW_PIDS });
    expect(matching).toMatchObject({ code: 0 });
    expect(matching.stdout).toMatch(/^works +PID namespace +pid:\[\d+\]/m);
  },
);

kernelTest(
  'trace in a time namespace has the time of day, and start times of its /proc',
  async () => {
    const script = 'cut -d" " -f22 /proc/self/stat >&2';
    const args = ['trace', '--json', '--', 'sh', '-c', `exec ${script}`];
    const before = Date.now();
    const { events, stderr } = await Waggle.run(args, { prefix: NEW_TIME });
    const exec = events.find(isExec);
    const time = Date.parse(exec?.time ?? '');
    expect(time).toBeGreaterThan(before - 1000);
    expect(time).toBeLessThan(Date.now() + 1000);
    const ticks = Number(/^(\d+)$/m.exec(stderr)?.[1]);
    expect(ticks).toBeGreaterThan(DAY_S * TICKS_PER_SECOND);
    expect(Math.floor(Number(exec?.startTime) / (1e9 / TICKS_PER_SECOND))).toBe(ticks);
  },
);

kernelTest('record in a time namespace names frames', async () => {
  const path = join(freshFolder(), 'out.folded');
  for (const program of ['call_tree', 'call_tree_nofp'] as const) {
    const args = ['record', '-F', '999', '-o', path, '--', workload(program), '700'];
    await Waggle.run(args, { prefix: NEW_TIME });
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.95 * samples(stacks));
  }
});

kernelTest(
  'in a user namespace doctor and trace say that its capabilities do not count',
  async () => {
    const prefix = ['unshare', '--user', '--map-root-user'];
    const doctor = await Waggle.run(['doctor'], { prefix });
    expect(doctor).toMatchObject({ code: 1 });
    expect(doctor.stdout).toMatch(/^missing +CAP_BPF +of a user namespace/m);
    expect(doctor.stdout).toMatch(/^missing +CAP_PERFMON +of a user namespace/m);
    const trace = await Waggle.run(['trace', '--', 'true'], { prefix });
    expect(trace).toMatchObject({ code: 1 });
    expect(trace.stderr).toContain('missing capabilities: CAP_BPF');
    expect(trace.stderr).toContain('run waggle outside of it');
  },
);
