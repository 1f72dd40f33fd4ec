// Signals with who sent them to whom, and kills by the kernel when memory had run out: one JSON line each. The
// BPF is kills.bpf.c, from which `waggle bpf build` makes the module that is imported here.
//
//   waggle run examples/kills.ts                      all signals but SIGCHLD
//   waggle run examples/kills.ts SIGKILL SIGTERM      those alone

import { constants } from 'node:os';
import { defineAgent, definePlugin, defineSource, ProcessMetadata } from '@waggle/core';
import kills from './kills.bpf.ts';

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export const killLog = (signals: readonly string[] = []) => {
  const numbers = signals.map((name) => {
    const number = constants.signals[name as NodeJS.Signals];
    if (number === undefined) throw new RangeError(`there is no signal ${name}`);
    return number;
  });
  const source = defineSource(kills, {
    hooks: { signal: ['signal_generated'], 'oom-kill': ['victim_marked'] },
    required: ['signal'],
    settings:
      numbers.length === 0
        ? {}
        : { signal_mask: numbers.reduce((mask, number) => mask | (1n << BigInt(number - 1)), 0n) },
    events: { signal: 'signal_sent', 'oom-kill': 'oom_kill' },
  });
  return definePlugin({
    name: 'kill-log',
    needs: { processes: ProcessMetadata },
    sources: [source],
    setup: ({ services: { processes } }) => ({
      observe: {
        signal(event) {
          const { pid, comm, signal, toPid, toComm, containerId } = event;
          const sender = processes.getByIdentity(event.identity);
          console.log(
            JSON.stringify({
              signal: names.get(signal) ?? signal,
              from: { pid, comm, argv: sender?.cmdline, containerId },
              to: { pid: toPid, comm: toComm },
            }),
          );
        },
        'oom-kill'({ pid, comm, victimPid, victimComm, containerId }) {
          console.log(
            JSON.stringify({
              oomKill: { pid: victimPid, comm: victimComm },
              wanted: { pid, comm, containerId },
            }),
          );
        },
      },
    }),
  });
};

export default (signals: string[]) => defineAgent({ plugins: [killLog(signals)] });
