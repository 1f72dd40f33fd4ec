// Every file that a process opens, or cannot, with how long that took: one JSON line each. The BPF is
// file-opens.bpf.c, from which `waggle bpf build` makes the module that is imported here.
//
//   waggle run examples/file-opens.ts                    all of them
//   waggle run examples/file-opens.ts --slower-than 5    of 5 ms and more

import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { defineAgent, definePlugin, defineSource } from '@waggle/core';
import fileOpens from './file-opens.bpf.ts';

const errorNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

export const openLog = ({ slowerThanMs = 0 } = {}) => {
  const source = defineSource(fileOpens, {
    hooks: { 'open-enter': ['enter_open'], 'open-exit': ['leave_open'] },
    required: ['open-enter', 'open-exit'],
    settings: { min_duration_ns: Math.round(slowerThanMs * 1e6) },
    events: { 'file-open': 'file_open' },
  });
  return definePlugin({
    name: 'open-log',
    sources: [source],
    setup: (context) => ({
      // A host may open a hundred thousand files a second: what came together is written together.
      observeBatch(events) {
        let lines = '';
        for (const event of events) {
          if (event.event !== 'file-open') continue;
          const { pid, comm, path, result, durationNs, containerId } = event;
          const error = result < 0 ? { error: errorNames.get(-result) ?? String(result) } : {};
          lines += `${JSON.stringify({ pid, comm, path, ms: durationNs / 1e6, ...error, containerId })}\n`;
        }
        if (lines !== '') process.stdout.write(lines);
      },
      end() {
        const lost = context.source(source).lost();
        if (lost > 0) context.warn(`${lost} calls were not told: the ring was full`);
      },
    }),
  });
};

export default (args: string[]) => {
  const { values } = parseArgs({
    args,
    options: { 'slower-than': { type: 'string', default: '0' } },
  });
  return defineAgent({ plugins: [openLog({ slowerThanMs: Number(values['slower-than']) })] });
};
