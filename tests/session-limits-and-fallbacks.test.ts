// What a session does when it is told to hold back, and when the kernel refuses some of it.

import { describe, expect } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { objectPath } from '@waggle/bpf';
import { BadOption, createAgent, type ProcessEvent } from '@waggle/core';
import type { SessionConfig } from '@waggle/core/session';
import { ARCHITECTURES, compileObject, INCLUDE_FOLDER } from '../packages/bpf/src/build/compile.ts';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { freshFolder, workload } from './support/workloads.ts';

async function traced(
  config: SessionConfig,
  work: () => Promise<unknown>,
): Promise<{ events: ProcessEvent[]; report: Awaited<ReturnType<typeof stopped>> }> {
  const agent = await createAgent({ ...config, plugins: [], stopOn: [] });
  const events: ProcessEvent[] = [];
  const reading = (async () => {
    for await (const event of agent.events) events.push(event);
  })();
  await work();
  const report = await stopped(agent);
  await reading;
  return { events, report };
}

const stopped = (agent: Awaited<ReturnType<typeof createAgent>>) => agent.stop();

const TRACEFS = '/sys/kernel/tracing';
const isTracefsMounted = () => existsSync(`${TRACEFS}/events`);

/** For the one method that needs it. Unmounted again if it was not there. */
function mountedTracefs(): Disposable {
  if (isTracefsMounted()) return { [Symbol.dispose]() {} };
  const mount = (...words: string[]) => expect(Bun.spawnSync(words).exitCode).toBe(0);
  mount('mount', '-t', 'tracefs', 'tracefs', TRACEFS);
  return { [Symbol.dispose]: () => mount('umount', TRACEFS) };
}

describe('a rate limit', () => {
  kernelTest('lets a burst and then its rate through, and counts every other event', async () => {
    const limit = { perSecond: 50, burst: 20 };
    const started = performance.now();
    await using agent = await createAgent({
      command: [workload('storm'), '1500', '0', workload('exit_with')],
      commandOutput: 'ignore',
      rateLimit: limit,
      stopOn: [],
    });
    const report = await agent.finished;
    const execs = report.events.delivered.exec;
    const seconds = (performance.now() - started) / 1000;
    expect(execs).toBeGreaterThanOrEqual(20);
    // One more for each CPU at each race.
    expect(execs).toBeLessThan(20 + 50 * seconds + 10);
    const { delivered, rateLimited: limited, lost } = report.events;
    expect(lost).toEqual({ fork: 0, exec: 0, exit: 0, 'failed-exec': 0 });
    // The storm itself and its 1,500 children: all accounted for.
    expect(delivered.exec + limited.exec).toBe(1501);
    expect(delivered.fork + limited.fork).toBe(1500);
    expect(delivered.exit + limited.exit).toBe(1501);
  });

  kernelTest('never splits an exec from its exit', async () => {
    const { events } = await traced(
      { pids: [process.pid], rateLimit: { perSecond: 100, burst: 30 } },
      () => run(workload('storm'), '800', '0', workload('exit_with')),
    );
    const execs = new Set(
      events.flatMap((event) => (event.event === 'exec' ? [event.pid + event.comm] : [])),
    );
    const exits = events.flatMap((event) =>
      event.event === 'exit' && event.comm === 'exit_with' ? [event.pid + event.comm] : [],
    );
    expect(exits.length).toBeGreaterThan(0);
    expect(exits.filter((id) => !execs.has(id))).toEqual([]);
    expect(execs.size).toBeGreaterThanOrEqual(exits.length);
  });

  kernelTest('can be changed while running', async () => {
    const agent = await createAgent({ pids: [process.pid], stopOn: [] });
    const storm = () => run(workload('storm'), '200', '0', workload('exit_with'));
    const limited = () => agent.report().events.rateLimited.exec;
    await storm();
    expect(limited()).toBe(0);
    agent.setRateLimit({ perSecond: 1, burst: 1 });
    await storm();
    const then = limited();
    expect(then).toBeGreaterThan(190);
    agent.setRateLimit(undefined);
    await storm();
    expect(limited()).toBe(then);
    expect(() => agent.setRateLimit({ perSecond: 0 })).toThrow(BadOption);
    const { events } = await agent.stop();
    expect(events.delivered.exec + events.rateLimited.exec).toBeGreaterThanOrEqual(603);
  });
});

describe('a kernel that refuses an attachment gets the next', () => {
  const program = () => run(workload('storm'), '20', '0', workload('exit_with'));

  for (const [method, without] of [
    ['tp_btf', []],
    ['raw_tp', ['tp_btf']],
    ['tracepoint', ['tp_btf', 'raw_tp']],
  ] as const)
    kernelTest(`${method}, with the same events`, async () => {
      using _tracefs = method === 'tracepoint' ? mountedTracefs() : undefined;
      const { events, report } = await traced({ withoutMethods: without }, program);
      expect(report.programs.exec).toEqual({ state: 'attached', method });
      expect(report.programs.exit).toEqual({ state: 'attached', method });
      expect(report.programs.fork).toEqual({ state: 'attached', method });
      const execs = events.flatMap((event) =>
        event.event === 'exec' && event.comm === 'exit_with' ? [event] : [],
      );
      expect(execs.map(({ argv }) => argv[1]).sort()).toEqual(
        Array.from({ length: 20 }, (_, id) => `--id=${id}`).sort(),
      );
      for (const exec of execs) {
        expect(exec.filename).toBe(workload('exit_with'));
        const exit = events.find(
          (event) => event.event === 'exit' && event.processId === exec.processId,
        );
        const fork = events.find((event) => event.event === 'fork' && event.childPid === exec.pid);
        expect(fork).toMatchObject({ pid: exec.ppid, childStartTime: exec.startTime });
        expect(exit).toMatchObject({
          exitCode: Number(exec.argv[1]?.slice(5)) % 251,
          argv: exec.argv,
        });
      }
    });

  kernelTest('tracepoint needs tracefs, and says so', async () => {
    if (isTracefsMounted()) return;
    const { report } = await traced({ withoutMethods: ['tp_btf', 'raw_tp'] }, program);
    expect(JSON.stringify(report.programs.exec)).toContain('mount -t tracefs');
  });

  kernelTest('and none at all: the session goes on without it, and says why', async () => {
    const { events, report } = await traced(
      { withoutMethods: ['tp_btf', 'raw_tp', 'tracepoint'] },
      program,
    );
    expect(report.programs.exec).toMatchObject({ state: 'absent' });
    expect(events).toEqual([]);
  });
});

describe('an object', () => {
  const architecture = ARCHITECTURES.find(({ name }) => objectPath('lifecycle').includes(name))!;
  /** By which objects of older versions and kernels that refuse are imitated. */
  const variant = (flag: '-DWITHOUT_EXEC' | '-DREFUSED_EXEC'): string => {
    const path = join(freshFolder(), 'lifecycle.bpf.o');
    const source = join(INCLUDE_FOLDER, 'lifecycle/lifecycle.bpf.c');
    compileObject(source, path, architecture, [flag]);
    return path;
  };
  const program = () => run(workload('storm'), '20', '0', workload('exit_with'));

  kernelTest(
    'built without the exec program: exits and forks go on, /proc says the rest',
    async () => {
      const { events, report } = await traced({ objectPath: variant('-DWITHOUT_EXEC') }, program);
      expect(report.programs.exec).toEqual({
        state: 'absent',
        reasons: ['the BPF object has no such program'],
      });
      expect(report.programs.exit).toEqual({ state: 'attached', method: 'tp_btf' });
      expect(events.filter(({ event }) => event === 'exec')).toEqual([]);
      const exits = events.filter((event) => event.event === 'exit' && event.comm === 'exit_with');
      expect(exits.length).toBe(20);
    },
  );

  kernelTest(
    'whose exec program the kernel refuses: the report has the words of the verifier',
    async () => {
      const { events, report } = await traced({ objectPath: variant('-DREFUSED_EXEC') }, program);
      const exec = report.programs.exec;
      expect(exec?.state).toBe('absent');
      const reasons = exec?.state === 'absent' ? exec.reasons : [];
      // One for each method that was tried.
      expect(reasons.length).toBe(3);
      for (const reason of reasons) expect(reason).toContain('invalid read from stack');
      const exits = events.filter((event) => event.event === 'exit' && event.comm === 'exit_with');
      expect(exits.length).toBe(20);
    },
  );

  kernelTest(
    'without exec leaves metadata to validation: an exec is noticed by the cache',
    async () => {
      await using agent = await createAgent({
        objectPath: variant('-DWITHOUT_EXEC'),
        stopOn: [],
      });
      await using shell = new TestProcess(['sh', '-c', 'read line; exec sleep 1000']);
      const cache = agent.processMetadata!;
      await eventually('the shell', () => cache.getOrLoad(shell.pid)?.cmdline?.[0] === 'sh');
      shell.writeLine('go');
      await eventually('the exec', () => cache.getOrLoad(shell.pid)?.cmdline?.[0] === 'sleep');
      expect(cache.getOrLoad(shell.pid)?.comm).toBe('sleep');
    },
  );
});
