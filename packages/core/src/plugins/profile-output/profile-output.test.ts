// What a sink gets, cycle by cycle: who was sampled is known in it, whoever ended meanwhile.

import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import type { ExecEvent } from '@waggle/events';
import { execEvent } from '@waggle/events/testing';
import type { Profile } from '@waggle/formats';
import { definePlugin } from '../../plugin/plugin.ts';
import { runPlugins } from '../../testing/run-plugins.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { ProcessMetadata, processMetadata } from '../process-metadata/index.ts';
import { profileOutput } from './index.ts';

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
        addSource: () => {},
        addInterpreter: () => {},
        counts: () => ({}) as never,
        retire: () => {},
        stop: () => {},
        setPaused: () => {},
        endNaming: () => {},
        preload: async () => {},
        interpretersKnown: async () => {},
        endAfter: () => {},
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
