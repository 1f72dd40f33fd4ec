// What a line of JSON costs from its record's bytes on, by kind: by way of an event and its text, and from
// bytes to bytes. Without the kernel and without writing it anywhere.
//
//   bun bench/json-lines.ts

import { RecordHeaderReader } from '@waggle/bpf';
import { EventBatch, EventContext, KnownCgroups, type ProcessEvent } from '@waggle/events';
import { openNative } from '@waggle/ffi';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { recordedEvents } from '../../events/bench/recorded-events.ts';
import { EventJson } from '../src/plugins/event-output/event-json.ts';
import { RecordJson } from '../src/plugins/event-output/record-json.ts';

const ROUNDS = 15;
const TURNS = 20;
const PROCESSES = 1365;

const { memory, offsets } = recordedEvents(PROCESSES);
const cgroups = new KnownCgroups(() => false);
const context = new EventContext(cgroups);
const header = new RecordHeaderReader();
const encoder = new TextEncoder();

/** A batch of those, as the reader of the ring makes it. */
function batchOf(chosen: readonly number[], batch: EventBatch): EventBatch {
  batch.clear();
  batch.context = context;
  for (const at of chosen) {
    const { type, size } = header.at(memory, at);
    batch.add(type, memory, at, size, cgroups.find(0));
  }
  return batch;
}

function asText(batch: EventBatch, json: EventJson): number {
  let text = '';
  for (let index = 0; index < batch.length; index++)
    text += json.line(batch.at(index) as ProcessEvent);
  return encoder.encode(text).length;
}

function asBytes(batch: EventBatch, json: RecordJson): number {
  json.out.clear();
  for (let index = 0; index < batch.length; index++) json.write(batch, index);
  return json.out.length;
}

/** CPU ns per line: the least of several rounds. */
function measure(chosen: readonly number[], write: (batch: EventBatch) => number): number {
  const batch = new EventBatch();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let turn = 0; turn < TURNS; turn++) write(batchOf(chosen, batch));
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / (TURNS * chosen.length));
  }
  return best;
}

await openNative();
const text = new EventJson();
const bytes = new RecordJson();
const rows: BenchRow[] = ['fork', 'exec', 'exit'].map((kind, index) => {
  const chosen = offsets.filter((_, at) => at % 3 === index);
  return {
    what: `a line of JSON from its record's bytes: ${kind}`,
    value: measure(chosen, (batch) => asBytes(batch, bytes)),
    unit: 'ns CPU',
    versus: { name: 'by way of an event', value: measure(chosen, (batch) => asText(batch, text)) },
  };
});
for (const { what, value, versus } of rows)
  console.log(`${what}: ${value?.toFixed(0)} ns, ${versus?.name}: ${versus?.value.toFixed(0)} ns`);
saveRows(import.meta.dir, 'json-lines', rows);
