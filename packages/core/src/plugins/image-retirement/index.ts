// The plugin that keeps the profiler from remembering every process of a long recording: when an
// image ends, by exec or with its process, its mappings are forgotten as soon as no sample of it
// can be left. Samples taken before are resolved by their time, so nothing has to be flushed.

import { definePlugin } from '../../plugin/plugin.ts';
import { Profiler } from '../cpu-profiler/index.ts';

export const imageRetirement = () =>
  definePlugin({
    name: 'image-retirement',
    needs: { profiler: Profiler },
    kernel: { events: ['exec', 'exit'] },
    setup: ({ services: { profiler } }) => ({
      invalidate: {
        exec: ({ pid, bootTime }) => profiler.retire(pid, bootTime, false),
        exit: ({ pid, bootTime }) => profiler.retire(pid, bootTime, true),
      },
    }),
  });
