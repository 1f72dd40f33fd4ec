// The agent of `waggle agent`, taken apart: the same store, filled by the same plugins, and one output replaced. In place
// of a receiver of OpenTelemetry, what fails is a line of JSON on standard output. `waggle history --store DIR` reads what
// it has kept.
//
//   waggle run examples/host-agent.ts DIR

import { readFileSync } from 'node:fs';
import {
  cpuProfiler,
  defineAgent,
  definePlugin,
  defineService,
  Kernel,
  type ProcessEvent,
  Profiler,
  redaction,
} from '@waggle/core';
import { LIKELY_SECRETS } from '@waggle/core/plugins/redaction';
import { bootToRealtimeOffset } from '@waggle/ffi';
import { ownerFrames } from '@waggle/serve';
import { readHostState, StoreWriter } from '@waggle/store';

const WEEK_MS = 7 * 86_400_000;
const MAX_BYTES = 2 * 1024 ** 3;
const SPAN_MS = 10_000;

/** Key of the store, for the plugins that fill it. */
const Store = defineService<StoreWriter>()('store');

/** The database, open while the agent runs. */
const store = (directory: string) =>
  definePlugin({
    name: 'store',
    provides: Store,
    needs: { kernel: Kernel },
    essential: true,
    setup({ services: { kernel }, onClose, warn }) {
      const writer = new StoreWriter({
        directory,
        keepMs: WEEK_MS,
        maxBytes: MAX_BYTES,
        bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
        bootNs: () => bootToRealtimeOffset(kernel.native),
        onProblem: warn,
      });
      onClose(() => writer[Symbol.dispose]());
      // Who ran before is written when it is first heard of; the gap since the last run is noted.
      return { service: writer, start: () => writer.begin([]) };
    },
  });

/** Every process from birth to end, and what failed. */
const keepsProcesses = definePlugin({
  name: 'keeps-processes',
  needs: { store: Store },
  kernel: { events: ['fork', 'exec', 'exit', 'failed-exec'] },
  setup: ({ services }) => ({
    observeBatch: (events) => services.store.addEvents(events),
    // Where the gap begins, should this agent be killed.
    readUntil: (bootTime) => services.store.readUntil(bootTime),
  }),
});

/** Where CPU time went, and how the host was, in spans of ten seconds. */
const keepsProfiles = definePlugin({
  name: 'keeps-profiles',
  needs: { store: Store, profiler: Profiler },
  // The names of a large program take their time on a busy host.
  handlerTimeoutMs: 60_000,
  setup({ services, onClose, warn }) {
    let from = Date.now();
    const collect = async (): Promise<void> => {
      const to = Date.now();
      const profile = await services.profiler.collect();
      const span = { from: Math.min(from, to), to };
      if (profile.stacks.length > 0) services.store.addProfile(profile, span);
      services.store.addHostState(readHostState(to));
      from = to;
    };
    let timer: ReturnType<typeof setInterval> | undefined;
    onClose(() => clearInterval(timer));
    return {
      start() {
        timer = setInterval(() => collect().catch((error) => warn(String(error))), SPAN_MS);
      },
      end: collect,
    };
  },
});

/** In the place of `--otlp`: what failed, as it happens. */
const tellsFailures = definePlugin({
  name: 'tells-failures',
  kernel: { events: ['exit', 'failed-exec'] },
  setup: () => ({
    observeBatch(events: readonly ProcessEvent[]) {
      for (const event of events) {
        if (event.event === 'failed-exec') {
          const { pid, comm, argv, error } = event;
          console.log(JSON.stringify({ pid, comm, argv, error }));
        } else if (event.event === 'exit' && (event.signal !== null || event.exitCode !== 0)) {
          const { pid, comm, argv, exitCode, signal } = event;
          console.log(JSON.stringify({ pid, comm, argv, exitCode, signal }));
        }
      }
    },
  }),
});

export default ([directory = './waggle-store']: string[]) =>
  defineAgent({
    trackProcessLifecycle: true,
    latencyMs: 1000,
    plugins: [
      redaction({ patterns: LIKELY_SECRETS }),
      // A low rate: what was sampled is looked at once a second.
      cpuProfiler({ frequencyHz: 19, thrifty: true, rootFrames: ownerFrames }),
      store(directory),
      keepsProcesses,
      keepsProfiles,
      tellsFailures,
    ],
  });
