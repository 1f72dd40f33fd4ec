import { RecordHeaderReader } from '@waggle/bpf';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { KnownCgroups } from '../src/fields/known-cgroups.ts';
import { EventContext } from '../src/kinds/event-base.ts';
import { decodeEvent } from '../src/kinds/event-decoder.ts';
import { recordedEvents } from './recorded-events.ts';

const ROUNDS = 25;
const TURNS = 40;

const { memory, offsets } = recordedEvents(1365);
const context = new EventContext(new KnownCgroups(() => false));
const header = new RecordHeaderReader();

/** CPU ns per event: the least of several rounds. */
function measure(chosen: readonly number[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let turn = 0; turn < TURNS; turn++) {
      const events: object[] = [];
      for (const at of chosen) {
        const event = decodeEvent(header.at(memory, at).type, memory, at, context);
        if (event !== undefined) events.push(event);
      }
      if (events.length !== chosen.length) throw new Error('a record is no event');
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / (TURNS * chosen.length));
  }
  return best;
}

const rows: BenchRow[] = ['fork', 'exec', 'exit'].map((kind, index) => ({
  what: `an event of its record's bytes: ${kind}`,
  value: measure(offsets.filter((_, at) => at % 3 === index)),
  unit: 'ns CPU/event',
}));
for (const { what, value, unit } of rows) console.log(`${what}: ${value?.toFixed(0)} ${unit}`);
saveRows(import.meta.dir, 'decode-events', rows);
