// Crash reporter: every process that a signal ended, with its command line and how long it lived.
// A program that crashes again and again is one line, with a count, each minute.
//
//   waggle run examples/crash-reporter.ts

import { defineAgent, definePlugin, type ExitEvent } from '@waggle/core';

/** Who sends these wants an end; the others are accidents. */
const ASKED_FOR = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE']);

interface Repeats {
  count: number;
  readonly first: ExitEvent;
  readonly timer: ReturnType<typeof setTimeout>;
}

export const crashReporter = ({ collapseMs = 60_000 } = {}) =>
  definePlugin({
    name: 'crash-reporter',
    setup({ onClose }) {
      const crashes = new Map<string, Repeats>();

      const report = (key: string): void => {
        const crash = crashes.get(key);
        if (crash === undefined) return;
        crashes.delete(key);
        clearTimeout(crash.timer);
        if (crash.count > 1) console.log(`${key}: ${crash.count} times`);
      };
      onClose(() => {
        for (const { timer } of crashes.values()) clearTimeout(timer);
      });

      return {
        observe: {
          exit(event) {
            if (event.signal === null || ASKED_FOR.has(event.signal)) return;
            const program = event.filename ?? event.comm;
            const key = `${program} ended by ${event.signal}`;
            const known = crashes.get(key);
            if (known !== undefined) {
              known.count++;
              return;
            }
            const seconds = Number(event.lifetimeNs) / 1e9;
            const core = event.coreDumped ? ', core dumped' : '';
            console.log(
              `${key} after ${seconds.toFixed(3)} s${core}: pid ${event.pid}, started by ${event.parentComm}: ${event.argv?.join(' ') ?? '?'}`,
            );
            const timer = setTimeout(() => report(key), collapseMs);
            crashes.set(key, { count: 1, first: event, timer });
          },
        },
        // Ctrl-C: what was collapsed so far is told.
        end() {
          for (const key of [...crashes.keys()]) report(key);
        },
      };
    },
  });

export default defineAgent({ plugins: [crashReporter()] });
