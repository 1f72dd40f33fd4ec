import type { ExitEvent } from '@waggle/events';
import * as Effect from 'effect/Effect';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { Dispatcher } from '../src/dispatch/dispatcher.ts';
import { RunningPlugin } from '../src/dispatch/running-plugin.ts';
import { definePlugin, type PluginHandlers } from '../src/plugin/plugin.ts';

const BATCH = 400;
const BATCHES = 500;
const ROUNDS = 7;

const events: readonly ExitEvent[] = Array.from({ length: BATCH }, (_, index) => ({
  event: 'exit',
  time: BigInt(index),
  bootTime: BigInt(index),
  processId: `boot-${index}`,
  parentProcessId: 'boot-1',
  eventId: `boot-${index}-exit`,
  pid: index,
  tid: index,
  ppid: 1,
  startTime: BigInt(index),
  execId: 1,
  identity: { pid: index, startBoottimeNs: BigInt(index), execId: 1 },
  parentStartTime: 0n,
  comm: 'bench',
  parentComm: null,
  uid: 0,
  cgroupId: 1n,
  cgroup: '/',
  containerId: null,
  filename: '/bin/bench',
  argv: ['bench'],
  argvTruncated: false,
  exitCode: 0,
  signal: null,
  coreDumped: false,
  lifetimeNs: 1n,
  userNs: 0n,
  systemNs: 0n,
  maxRssBytes: 0n,
  majorFaults: 0,
  readBytes: 0n,
  writeBytes: 0n,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
}));

let seen = 0;
const FORMS: Readonly<Record<string, () => PluginHandlers>> = {
  'observe, one function': () => ({
    observe(event) {
      seen += event.event.length;
    },
  }),
  'observe, by kind': () => ({
    observe: {
      exit(event) {
        seen += event.pid;
      },
    },
  }),
  'load phase': () => ({
    load(event) {
      seen += event.event.length;
    },
  }),
  observeBatch: () => ({
    observeBatch(batch) {
      seen += batch.length;
    },
  }),
};

function dispatcherOf(count: number, handlers: () => PluginHandlers): Dispatcher {
  return new Dispatcher(
    Array.from({ length: count }, (_, index) => {
      const plugin = definePlugin({ name: `plugin-${index}`, setup: handlers });
      const { queue } = plugin.spec;
      return { running: new RunningPlugin(plugin, () => {}), handlers: handlers(), queue };
    }),
  );
}

/** CPU ns per event and plugin: the least of several rounds. */
async function measure(count: number, handlers: () => PluginHandlers, batches: number) {
  const dispatcher = dispatcherOf(count, handlers);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let batch = 0; batch < batches; batch++) {
      dispatcher.push(events);
      await dispatcher.drained(60_000);
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / (batches * BATCH * count));
  }
  dispatcher.close();
  return best;
}

const rows: BenchRow[] = [];
for (const [form, handlers] of Object.entries(FORMS))
  for (const count of [1, 5, 20])
    rows.push({
      what: `registry, ${count} plugin${count === 1 ? '' : 's'}: ${form}`,
      value: await measure(count, handlers, BATCHES),
      unit: 'ns CPU/event and plugin',
      goal: '≤ 150',
    });
rows.push({
  what: 'registry, 1 plugin: observe, an Effect for each event',
  value: await measure(1, () => ({ observe: () => Effect.void }), 20),
  unit: 'ns CPU/event and plugin',
});
for (const { what, value, unit } of rows) console.log(`${what}: ${value?.toFixed(1)} ${unit}`);
if (seen === 0) throw new Error('no plugin was called');
saveRows(import.meta.dir, 'dispatch', rows);
