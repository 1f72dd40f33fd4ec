// How many files each process opened, and how many it could not: one JSON line when it ends. The counting
// is a BPF program of the example's own (open-files.bpf.c), from which set-up makes the module that is
// imported here.
//
//   waggle run examples/open-files.ts

import { defineAgent, definePlugin, defineSource } from '@waggle/core';
import openFiles from './open-files.bpf.ts';

const OPEN_FILES = defineSource(openFiles, {
  // The second for kernels that refuse the first; without either there is nothing to tell.
  hooks: { open: ['count_open', 'count_open_raw'] },
  required: ['open'],
});

export const fileCounter = () =>
  definePlugin({
    name: 'file-counter',
    kernel: { events: ['exit'] },
    sources: [OPEN_FILES],
    setup({ source, warn }) {
      const loaded = source(OPEN_FILES);
      const opens = loaded.map('opens');
      return {
        observe: {
          exit({ pid, startTime, comm, argv }) {
            const process = { start_boottime: startTime, tgid: pid, reserved: 0 };
            const counts = opens.get(process);
            if (counts === undefined) return;
            opens.delete(process);
            console.log(JSON.stringify({ pid, comm, argv, ...counts }));
          },
        },
        end() {
          const missed = loaded.map('missed').get(0) ?? 0;
          if (missed > 0) warn(`${missed} calls of too many processes were not counted`);
        },
      };
    },
  });

export default defineAgent({ plugins: [fileCounter()] });
