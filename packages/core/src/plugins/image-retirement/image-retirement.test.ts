// Who ends, and how, reaches the profiler at the moment of the event.

import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import { execEvent, exitEvent, forkEvent } from '@waggle/events/testing';
import { definePlugin } from '../../plugin/plugin.ts';
import { runPlugins } from '../../testing/run-plugins.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { imageRetirement } from './index.ts';

test('execs and exits retire an image, forks do not', async () => {
  const retired: unknown[] = [];
  const profiler = definePlugin({
    name: 'made-up-profiler',
    provides: Profiler,
    setup: () => ({
      service: {
        retire: (...image: unknown[]) => void retired.push(image),
        addSource: () => {},
        counts: () => ({}) as never,
        stop: () => {},
        setPaused: () => {},
        endNaming: () => {},
        preload: async () => {},
        interpretersKnown: async () => {},
        endAfter: () => {},
        collect: async () => ({}) as never,
        collectRaw: async () => [],
      },
    }),
  });
  const exec = execEvent({ pid: 7, bootTime: 50n });
  const exit = exitEvent({ ...exec });
  await runPlugins([imageRetirement(), profiler], [forkEvent({ pid: 6 }), exec, exit], {
    procfs: new MemoryProcfs(),
  });
  expect(retired).toEqual([
    [7, 50n, false],
    [7, exit.bootTime, true],
  ]);
});
