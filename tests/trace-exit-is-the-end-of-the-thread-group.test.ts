// A process ends once, when the last of its threads is gone, however they end; and its exit event
// has what its parent got from wait(2).
// Runs beside others.

import { describe, expect } from 'bun:test';
import { constants } from 'node:os';
import { eventually } from './support/deadline.ts';
import {
  type ExitLine,
  execsOf,
  exitsOf,
  isExec,
  isLost,
  type TraceEvent,
  waitStatus,
} from './support/events.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { isAlive, run, statFields, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Reaped {
  readonly pid: number;
  /** As wait(2) gave it. */
  readonly status: number;
}

/** Runs a command several times; pid and wait status of each. */
async function reap(times: number, ...command: readonly string[]): Promise<Reaped[]> {
  const lines = (await run(workload('reap'), String(times), ...command)).trim().split('\n');
  return lines.map((line) => {
    const [pid = 0, status = -1] = line.split(' ').map(Number);
    return { pid, status };
  });
}

/** The only exit of the process. */
function onlyExit(events: readonly TraceEvent[], pid: number): ExitLine {
  const exits = exitsOf(events, pid);
  expect(exits.length).toBe(1);
  return exits[0]!;
}

async function traced(times: number, ...command: readonly string[]) {
  await using waggle = await Waggle.trace();
  const reaped = await reap(times, ...command);
  const { events } = await waggle.stop();
  expect(events.filter(isLost)).toEqual([]);
  return { events, reaped };
}

/** Asks the machine itself: core_pattern may pipe the core into a program that takes none. */
function whyNoCore(): string | undefined {
  const command = [workload('reap'), '1', workload('die_by'), '6', 'core'];
  const { stdout } = Bun.spawnSync(command, { cwd: freshFolder() });
  const status = Number(stdout.toString().trim().split(' ')[1]);
  return (status & 0x80) !== 0 ? undefined : 'this machine dumps no cores';
}

describe('the exit event of a thread group', () => {
  kernelTest('comes when the last worker ends, long after the leader', async () => {
    const { events, reaped } = await traced(1, workload('thread_ends'), 'leader-first');
    const exit = onlyExit(events, reaped[0]!.pid);
    expect(exit.exitCode).toBe(9);
    expect(BigInt(exit.lifetimeNs)).toBeGreaterThan(90_000_000n);
    expect(waitStatus(exit, constants.signals)).toBe(reaped[0]!.status);
  });

  kernelTest('has the status of wait(2) when leader and last worker end with others', async () => {
    const { events, reaped } = await traced(20, workload('thread_ends'), 'leader-code');
    for (const { pid, status } of reaped)
      expect(waitStatus(onlyExit(events, pid), constants.signals)).toBe(status);
  });

  kernelTest('has the code of exit() called by a worker', async () => {
    const { events, reaped } = await traced(1, workload('thread_ends'), 'worker-exit');
    expect(onlyExit(events, reaped[0]!.pid).exitCode).toBe(42);
    expect(reaped[0]!.status).toBe(42 << 8);
  });

  kernelTest('comes once for each of 100 races of 20 threads', async () => {
    const { events, reaped } = await traced(100, workload('thread_ends'), 'race');
    expect(reaped.length).toBe(100);
    for (const { pid, status } of reaped)
      expect(waitStatus(onlyExit(events, pid), constants.signals)).toBe(status);
  });

  kernelTest('comes once when SIGKILL ends 51 threads', async () => {
    await using waggle = await Waggle.trace();
    await using threads = new TestProcess([workload('thread_ends'), 'wait']);
    await eventually('the threads to run', () => threads.stdout.includes('ready'));
    expect(Number(statFields(threads.pid)?.[20])).toBe(51);
    threads.kill('SIGKILL');
    await threads.ended();
    const { events } = await waggle.stop();
    const exit = onlyExit(events, threads.pid);
    expect(exit.signal).toBe('SIGKILL');
    expect(exit.exitCode).toBe(0);
    expect(exit.coreDumped).toBe(false);
  });

  kernelTest(
    'does not come when a worker executes a program: pid and start time stay',
    async () => {
      const program = workload('exit_with');
      const { events, reaped } = await traced(10, workload('thread_ends'), 'worker-exec', program);
      for (const { pid } of reaped) {
        const execs = events.filter(isExec).filter((event) => event.pid === pid);
        expect(execs.map(({ filename }) => filename)).toEqual([workload('thread_ends'), program]);
        const [before, after] = [execs[0]!, execs[1]!];
        expect(after.startTime).toBe(before.startTime);
        expect(after.execId).toBe(before.execId + 1);
        expect(after.tid).toBe(pid);
        const exit = onlyExit(events, pid);
        expect(exit.exitCode).toBe(77);
        expect(exit.startTime).toBe(before.startTime);
        expect(exit.execId).toBe(after.execId);
        expect(exit.filename).toBe(program);
        expect(events.indexOf(exit)).toBeGreaterThan(events.indexOf(after));
      }
    },
  );
});

describe('the exit event', () => {
  kernelTest('has the code that the parent gets, whatever it is', async () => {
    const first = Math.floor(Math.random() * 251);
    const programs = ['--id=@', `--id=${first}`];
    await using waggle = await Waggle.trace();
    const reaped = [
      ...(await reap(251, workload('exit_with'), programs[0]!)),
      ...(await reap(1, workload('exit_with'), programs[1]!)),
    ];
    const { events } = await waggle.stop();
    for (const { pid, status } of reaped) {
      const exit = onlyExit(events, pid);
      expect(waitStatus(exit, constants.signals)).toBe(status);
      expect(exit.signal).toBeNull();
    }
    expect(new Set(reaped.map(({ status }) => status)).size).toBe(251);
  });

  kernelTest('names the signal that ended the process', async () => {
    const names = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGKILL', 'SIGUSR1'] as const;
    const more = ['SIGSEGV', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGXCPU', 'SIGSYS'] as const;
    const started: { name: string; pid: number; status: number }[] = [];
    await using waggle = await Waggle.trace();
    for (const name of [...names, ...more]) {
      const [reaped] = await reap(1, workload('die_by'), String(constants.signals[name]));
      started.push({ name, ...reaped! });
    }
    const [realTime] = await reap(1, workload('die_by'), '37');
    const { events } = await waggle.stop();
    for (const { name, pid, status } of started) {
      const exit = onlyExit(events, pid);
      expect({ signal: exit.signal, exitCode: exit.exitCode }).toEqual({
        signal: name,
        exitCode: 0,
      });
      expect(waitStatus(exit, constants.signals)).toBe(status);
    }
    expect(onlyExit(events, realTime!.pid).signal).toBe('SIGRTMIN+3');
  });

  optionalKernelTest('says whether a core was dumped', whyNoCore(), async () => {
    const folder = freshFolder();
    await using waggle = await Waggle.trace();
    const shell = async (signal: number, ...core: string[]) => {
      const command = [workload('reap'), '1', workload('die_by'), String(signal), ...core];
      const child = Bun.spawn(command, { cwd: folder, stdout: 'pipe', stderr: 'ignore' });
      const [pid = 0, status = 0] = (await child.stdout.text()).trim().split(' ').map(Number);
      return { pid, status };
    };
    const dumped = [await shell(6, 'core'), await shell(11, 'core')];
    const forbidden = [await shell(6), await shell(11)];
    const { events } = await waggle.stop();
    for (const { pid, status } of [...dumped, ...forbidden])
      expect(waitStatus(onlyExit(events, pid), constants.signals)).toBe(status);
    for (const { pid } of dumped) expect(onlyExit(events, pid).coreDumped).toBe(true);
    for (const { pid } of forbidden) expect(onlyExit(events, pid).coreDumped).toBe(false);
  });

  kernelTest('is not made by a thread that ends', async () => {
    await using waggle = await Waggle.trace();
    await using threads = new TestProcess([workload('thread_ends'), 'wait']);
    await eventually('the threads to run', () => threads.stdout.includes('ready'));
    const { events } = await waggle.stop();
    expect(isAlive(threads.pid)).toBe(true);
    expect(exitsOf(events, threads.pid)).toEqual([]);
    expect(execsOf(events, workload('thread_ends')).length).toBe(1);
  });
});
