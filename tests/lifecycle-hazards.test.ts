// The hazards of process lifecycles on the real kernel, as an agent meets them: pids used again,
// processes that end within the cycle in which they were sampled, switches while everything runs.

import { describe, expect } from 'bun:test';
import { existsSync } from 'node:fs';
import { createAgent, type ExecEvent, type ExitEvent, type ProcessEvent } from '@waggle/core';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { workload } from './support/workloads.ts';

type Running = Awaited<ReturnType<typeof createAgent>>;

/** Everything that an agent sees while something is done. */
async function seenBy(agent: Running, work: () => Promise<unknown>): Promise<ProcessEvent[]> {
  const events: ProcessEvent[] = [];
  const reading = (async () => {
    for await (const event of agent.events) events.push(event);
  })();
  await work();
  await agent.stop();
  await reading;
  return events;
}

const isExec = (event: ProcessEvent): event is ExecEvent => event.event === 'exec';
const isExit = (event: ProcessEvent): event is ExitEvent => event.event === 'exit';

kernelTest('a pid that is used again is another process, in events and in metadata', async () => {
  // The next pid is the one after ns_last_pid: proc_sys_kernel(5). Others may be quicker, so often.
  let pid = 29_000;
  while (existsSync(`/proc/${pid}`)) pid++;
  const script = Array.from(
    { length: 30 },
    (_, id) =>
      `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid; ${workload('exit_with')} --id=${id}`,
  ).join('; ');
  const agent = await createAgent({ stopOn: [] });
  const events = await seenBy(agent, () => run('sh', '-c', `${script}; true`));
  const execs = events.filter(isExec).filter((event) => event.pid === pid);
  const reused = execs.filter(({ comm }) => comm === 'exit_with');
  expect(reused.length).toBeGreaterThan(5);
  expect(new Set(reused.map(({ processId }) => processId)).size).toBe(reused.length);
  for (const exec of reused) {
    const exits = events.filter(isExit).filter(({ processId }) => processId === exec.processId);
    expect(exits.length).toBe(1);
    expect(exits[0]).toMatchObject({
      startTime: exec.startTime,
      argv: exec.argv,
      exitCode: Number(exec.argv[1]?.slice('--id='.length)) % 251,
    });
  }
});

describe('collectRaw()', () => {
  kernelTest('right after 500 children ended: each that was sampled has its metadata', async () => {
    await using agent = await createAgent({
      pids: [process.pid],
      profile: { frequencyHz: 999 },
      stopOn: [],
    });
    const output = await run(workload('reap'), '500', workload('call_tree'), '2');
    const children = new Set(output.match(/^\d+(?= )/gm)?.map(Number));
    expect(children.size).toBe(500);
    const raw = await agent.collectRaw();
    const sampled = raw.filter(({ frames }) => children.has(frames[0]?.pid ?? 0));
    const pids = new Set(sampled.map(({ frames }) => frames[0]?.pid));
    // Two samples each on average; a few hit none.
    expect(pids.size).toBeGreaterThan(350);
    const cache = agent.processMetadata!;
    const unknown = sampled.filter(({ frames, identity }) => {
      const image = cache.getByIdentity(identity);
      if (image !== undefined) return image.cmdline?.[0] !== workload('call_tree');
      // Between fork and exec it has no record of its own; its process is known all the same.
      const { pid, startBoottimeNs } = identity;
      const process = cache.getByIdentity({ pid, startBoottimeNs });
      return frames[0]!.comm === '' || process?.cmdline?.[0] !== workload('call_tree');
    });
    expect(unknown).toEqual([]);
    // They stay until the next collection, and no longer.
    agent.evictPendingExits();
    expect([...pids].filter((pid) => cache.peek(pid ?? 0) !== undefined)).toEqual([]);
  });
});

kernelTest('lifecycle tracking is switched while running', async () => {
  const agent = await createAgent({ stopOn: [] });
  const program = (id: string) => run(workload('exit_with'), '--id=0', id);
  const events = await seenBy(agent, async () => {
    await program('before');
    agent.setLifecycleTracking(false);
    await program('meanwhile');
    agent.setLifecycleTracking(true);
    await program('after');
  });
  const ids = events.filter(isExec).map(({ argv }) => argv[2]);
  expect(ids).toContain('before');
  expect(ids).toContain('after');
  expect(ids).not.toContain('meanwhile');
});

kernelTest('another target takes the place of the first while running', async () => {
  const shells = [0, 1].map(() =>
    Bun.spawn(['sh', '-c', 'while read word; do /bin/echo $word > /dev/null; done'], {
      stdin: 'pipe',
    }),
  );
  const [one, two] = shells as [(typeof shells)[0], (typeof shells)[0]];
  const say = async (word: string) => {
    for (const shell of shells) {
      shell.stdin.write(`${word}-${shell === one ? 1 : 2}\n`);
      shell.stdin.flush();
    }
    await Bun.sleep(150);
  };
  const agent = await createAgent({ pids: [one.pid], stopOn: [] });
  const events = await seenBy(agent, async () => {
    await say('first');
    agent.setTarget({ pids: [two.pid] });
    await say('second');
    expect(() => agent.setTarget({ pids: [4_194_304] })).toThrow('4194304');
    await say('third');
  });
  for (const shell of shells) shell.kill();
  const words = events.filter(isExec).map(({ argv }) => argv[1]);
  expect(words).toEqual(['first-1', 'second-2', 'third-2']);
});

// Nothing of it asks for events when it starts, so nothing but a later target needs to know of forks.
kernelTest('a later target has its descendants where the first asked for no events', async () => {
  const script = 'read word; "$0" 200 & echo $!; "$0" 200 & echo $!; wait';
  const shell = Bun.spawn(['sh', '-c', script, workload('burn_in_1')], { stdin: 'pipe' });
  const agent = await createAgent({
    metadata: false,
    trackProcessLifecycle: false,
    profile: { frequencyHz: 499 },
    stopOn: [],
  });
  agent.setTarget({ pids: [shell.pid] });
  shell.stdin.write('go\n');
  shell.stdin.end();
  const children = (await shell.stdout.text()).trim().split('\n').map(Number);
  const sampled = new Set((await agent.collectRaw()).map(({ identity }) => identity.pid));
  await agent.stop();
  expect(children.map((pid) => sampled.has(pid))).toEqual([true, true]);
});
