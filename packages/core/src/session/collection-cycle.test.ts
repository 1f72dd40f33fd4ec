// A process that is sampled and ends while a collection is being named belongs to the next one: its
// metadata is still there then, whoever collects.

import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import type { Profile } from '@waggle/formats';
import type { ExecEvent } from '../events/process-event.ts';
import { definePlugin } from '../plugin/plugin.ts';
import { Profiler } from '../plugins/cpu-profiler/index.ts';
import { ProcessMetadata, processMetadata } from '../plugins/process-metadata/index.ts';
import { profileOutput } from '../plugins/profile-output/index.ts';
import { execEvent } from '../testing/events.ts';
import { runPlugins } from '../testing/run-plugins.ts';
import { CollectionCycle } from './collection-cycle.ts';

/** A cache's part of it: who ended when, and is still known. */
function fixture() {
  const ended = new Map<string, number>();
  let now = 100;
  const evict = (before: number) => {
    for (const [name, at] of ended) if (at < before) ended.delete(name);
  };
  const cycle = new CollectionCycle(
    evict,
    () => {},
    () => now,
  );
  return {
    cycle,
    ends: (name: string) => void ended.set(name, now),
    pass: () => now++,
    known: () => [...ended.keys()],
  };
}

test('what ends while a collection is named is known in the next, and forgotten after it', async () => {
  const { cycle, ends, pass, known } = fixture();
  ends('first');
  pass();
  await cycle.run(['profile'], async () => {
    pass();
    ends('second');
    pass();
    expect(known()).toEqual(['first', 'second']);
  });
  expect(known()).toEqual(['first', 'second']);
  pass();
  await cycle.run(['profile'], async () => expect(known()).toEqual(['second']));
  pass();
  await cycle.run(['profile'], async () => expect(known()).toEqual([]));
});

test('a kind that is collected less often keeps what its samples are of', async () => {
  const { cycle, ends, pass, known } = fixture();
  const collect = async (kind: 'profile' | 'stacks') => {
    await cycle.run([kind], async () => {});
    pass();
  };
  await collect('stacks');
  await collect('profile');
  ends('one');
  pass();
  await collect('profile');
  await collect('profile');
  expect(known()).toEqual(['one']);
  await collect('stacks');
  expect(known()).toEqual(['one']);
  await collect('stacks');
  await collect('profile');
  expect(known()).toEqual([]);
});

test('a collection that failed has started no cycle', async () => {
  const { cycle, ends, pass, known } = fixture();
  await cycle.run(['profile'], async () => {});
  ends('one');
  pass();
  await expect(
    cycle.run(['profile'], async () => {
      pass();
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await cycle.run(['profile'], async () => expect(known()).toEqual(['one']));
});

test('an output’s cycles are these: who ends while one is named is known to the next', async () => {
  const procfs = new MemoryProcfs();
  const { startBoottimeNs } = procfs.spawn(7, { comm: 'seven' });
  const exec = execEvent({ pid: 7, comm: 'seven', startTime: startBoottimeNs });
  const found: (string | undefined)[] = [];
  const profile = { stacks: [] } as unknown as Profile;
  let naming = 0;
  const profiler = definePlugin({
    name: 'made-up-profiler',
    provides: Profiler,
    needs: { processes: ProcessMetadata },
    setup: ({ services: { processes } }) => ({
      service: {
        counts: () => ({}) as never,
        retire: () => {},
        stop: () => {},
        endNaming: () => {},
        collectRaw: async () => [],
        async collect() {
          naming++;
          // The samples are taken; the process that ends now is the next collection's.
          await Bun.sleep(2);
          if (naming === 1) processes.markExited((exec as ExecEvent).identity);
          await Bun.sleep(2);
          return profile;
        },
      },
    }),
  });
  const output = profileOutput({
    everyMs: 1,
    sink: {
      writeProfile: (_profile, { processMetadata: processes }) =>
        void found.push(processes.getByIdentity(exec.identity)?.comm),
    },
  });
  const waiting = definePlugin({
    name: 'waiting',
    // The steps are over at once; the end waits for three cycles.
    setup: () => ({
      async end() {
        while (found.length < 3) await Bun.sleep(1);
      },
    }),
  });
  await runPlugins([processMetadata(), profiler, waiting, output], [exec], { procfs });
  expect(found.slice(0, 3)).toEqual(['seven', 'seven', undefined]);
});
