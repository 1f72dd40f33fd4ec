/** Where what the agent sees goes: each output by itself, so that one can be left out or another put in its place. */

import type { ProcessEvent } from '@waggle/core';
import type { Profile } from '@waggle/formats';
import { type OtlpExporter, SIGNALS } from '@waggle/otlp';
import { counter, gauge, type Metric } from '@waggle/serve';
import { CgroupStates, readHostState, type StoreWriter } from '@waggle/store';

/** A span of time, in ms since 1970. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface AgentOutput {
  readonly addEvents: (events: readonly ProcessEvent[]) => void;
  /** Everything that was made before that moment of the boot clock has come. */
  readonly readUntil?: (bootTime: bigint) => void;
  /** The first two frames of each stack are `PID:START` and the name of its process. */
  readonly addProfile: (profile: Profile, span: Span) => void;
  /** Every ten seconds. */
  readonly tick?: () => void;
  /** What it says of itself. */
  readonly metrics: () => readonly Metric[];
}

export function storeOutput(store: StoreWriter): AgentOutput {
  const cgroups = new CgroupStates();
  return {
    addEvents: (events) => store.addEvents(events),
    readUntil: (bootTime) => store.readUntil(bootTime),
    addProfile: (profile, span) => store.addProfile(profile, span),
    tick: () => {
      store.addHostState(readHostState(Date.now()));
      store.addCgroupStates(cgroups.read(Date.now()));
    },
    metrics: () => [
      gauge('waggle_processes', 'Processes that run.', store.aliveCount),
      counter('waggle_store_processes_total', 'Processes that were written.', store.written),
      counter(
        'waggle_store_dropped_total',
        'Rows that there was no room for on a full disk.',
        store.dropped,
      ),
      gauge('waggle_store_bytes', 'Pages of the store that are in use.', store.bytes),
    ],
  };
}

/** Metrics are sent so often: each third tick. */
const TICKS = 3;

/** @param metrics of the whole agent, which it sends */
export function otlpOutput(exporter: OtlpExporter, metrics: () => readonly Metric[]): AgentOutput {
  let ticks = 0;
  return {
    addEvents: (events) => exporter.addEvents(events),
    addProfile: (profile) => exporter.addProfile(profile),
    tick: () => {
      if (ticks++ % TICKS === 0) exporter.addMetrics(metrics());
    },
    metrics: () => otlpMetrics(exporter),
  };
}

function otlpMetrics(exporter: OtlpExporter): Metric[] {
  const all = SIGNALS.map((signal) => ({ signal, ...exporter.counts(signal) }));
  return [
    {
      name: 'waggle_otlp_items_total',
      kind: 'counter',
      help: 'Log records, metrics and profiles that were sent, refused, or lost on the way.',
      samples: all.flatMap(({ signal, sent, refused, lost }) =>
        Object.entries({ sent, refused, lost }).map(([outcome, value]) => ({
          labels: { signal, outcome },
          value,
        })),
      ),
    },
    {
      name: 'waggle_otlp_failed_attempts_total',
      kind: 'counter',
      help: 'Attempts to send that were to be made again.',
      samples: all.map(({ signal, retries }) => ({ labels: { signal }, value: retries })),
    },
    {
      name: 'waggle_otlp_waiting_items',
      kind: 'gauge',
      help: 'What waits for the receiver.',
      samples: all.map(({ signal, waiting }) => ({ labels: { signal }, value: waiting })),
    },
    gauge('waggle_otlp_spool_bytes', 'What waits, on disk.', exporter.spoolBytes),
  ];
}

/** What watching costs. */
export function selfMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    counter('waggle_self_cpu_seconds_total', 'CPU time of waggle itself.', (user + system) / 1e6),
    gauge(
      'waggle_self_resident_memory_bytes',
      'Memory of waggle itself.',
      process.memoryUsage.rss(),
    ),
  ];
}
