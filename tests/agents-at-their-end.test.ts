// Agents when they begin and end: what comes before the first look at events, what is asked after the end, plugins
// that were all stopped, a second Ctrl-C.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent, definePlugin, Profiler, SessionEnded } from '@waggle/core';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const observer = definePlugin({
  name: 'observer',
  kernel: { events: ['exec', 'exit'] },
  setup: () => ({}),
});

describe('events before the first iteration', () => {
  const idsOf = async (earlyEvents?: number) => {
    const program = workload('exit_with');
    await using agent = await createAgent({
      plugins: [observer],
      pids: [process.pid],
      earlyEvents,
    });
    for (let id = 1; id <= 6; id++) await exitCodeOf(program, `--id=${id}`);
    await eventually('the events', () => agent.report().events.delivered.exit >= 6);
    const stopped = agent.stop();
    const ids: string[] = [];
    let lost = 0;
    for await (const event of agent.events) {
      if (event.event === 'exec') ids.push(event.argv[1] ?? '');
      if (event.event === 'lost') lost += event.count;
    }
    await stopped;
    return { ids, lost, report: agent.report().events.lost };
  };

  kernelTest('are all there', async () => {
    const { ids, lost, report } = await idsOf();
    expect(ids).toEqual([1, 2, 3, 4, 5, 6].map((id) => `--id=${id}`));
    expect({ lost, ...report }).toMatchObject({ lost: 0, exec: 0, exit: 0 });
  });

  kernelTest('or are counted, where there is no room', async () => {
    const { ids, lost, report } = await idsOf(6);
    expect(ids).toEqual(['--id=1', '--id=2']);
    expect(lost).toBe(12);
    expect(report).toMatchObject({ fork: 4, exec: 4, exit: 4 });
  });
});

kernelTest('every method that needs the kernel says that the agent has ended', async () => {
  const agent = await createAgent({
    plugins: [observer],
    pids: [process.pid],
    profile: { raw: true },
  });
  const profiler = agent.service(Profiler);
  await agent.stop();
  const refused = expect.any(SessionEnded);
  expect(await agent.collect().catch((error) => error)).toEqual(refused);
  expect(await agent.collectRaw().catch((error) => error)).toEqual(refused);
  for (const call of [
    () => agent.setTarget({ pids: [1] }),
    () => agent.setRateLimit({ perSecond: 1 }),
    () => agent.setLifecycleTracking(true),
    () => profiler?.counts(),
  ])
    expect(call).toThrow(SessionEnded);
  expect(() => agent.setTarget({})).toThrow(/setTarget\(\) was called after .* had ended/);
  agent.evictPendingExits();
  expect(agent.report().events.delivered.exec).toBeGreaterThanOrEqual(0);
  expect(await Array.fromAsync(agent.events)).toEqual([]);
  expect((await agent.stop()).abandoned).toBe(false);
});

const agentFile = (plugins: string) => {
  const file = join(freshFolder(), 'agent.ts');
  writeFileSync(
    file,
    `import { defineAgent, definePlugin } from '@waggle/core';
    export default defineAgent({ plugins: [${plugins}] });`,
  );
  return file;
};

describe('waggle run', () => {
  kernelTest('ends with 1 when every plugin was stopped, and shows where they failed', async () => {
    const file = agentFile(`definePlugin({ name: 'throws', failureBudget: 2,
      setup: () => ({ observe: { exec() { throw new Error('boom'); } } }) })`);
    await using waggle = new Waggle(['run', file]);
    await waggle.says(/ready/);
    for (let id = 0; id < 3; id++) await exitCodeOf(workload('exit_with'));
    const { code, stderr } = await waggle.result();
    expect(code).toBe(1);
    expect(stderr).toContain('every plugin was stopped');
    expect(stderr.match(/^\s+at exec \(.*agent\.ts:\d+/gm)?.length).toBe(1);
  });

  kernelTest('tells what it waits for, and a second Ctrl-C gives that up', async () => {
    const file = agentFile(`definePlugin({ name: 'slow', handlerTimeoutMs: Infinity,
      queue: { capacity: 1000, whenFull: 'block' },
      setup: () => ({ observe: () => new Promise((done) => setTimeout(done, 2000)) }) })`);
    await using waggle = new Waggle(['run', file]);
    await waggle.says(/ready/);
    for (let id = 0; id < 30; id++) await exitCodeOf(workload('exit_with'));
    waggle.kill('SIGINT');
    await waggle.says(/plugin "slow" is still at work, with \d+ events before it/);
    const { code, stderr } = await waggle.stop();
    expect(code).toBe(130);
    expect(stderr).toMatch(/plugin "slow": \d+ events? handled, \d+ not delivered/);
  });
});
