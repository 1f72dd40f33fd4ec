// A line from a record's bytes is the line of the event that is decoded from it, byte by byte, whatever is in
// the record.

import { expect, test } from 'bun:test';
import { execRecord, recordBounds, recordHeader, recordType } from '@waggle/bpf';
import type { ProcessEvent } from '@waggle/events';
import fc from 'fast-check';
import { writtenRecords } from '../../../../bpf/test/written-records.ts';
import { batchOf, type MadeRecord, madeRecord } from '../../../test/made-records.ts';
import { BriefEvents } from '../brief-events/index.ts';
import { BriefLines } from './brief-lines.ts';
import { EventJson } from './event-json.ts';
import type { HiddenTexts } from './hidden-texts.ts';
import { RecordJson } from './record-json.ts';

const hidden: HiddenTexts = {
  event: withHidden,
  arguments: (argv) => argv.map((word, at) => (at === 0 ? firstWord(word) : '***')),
  variable: (entry) => `${entry.slice(0, entry.indexOf('=') + 1)}***`,
  failedPath: firstWord,
};

function firstWord(text: string): string {
  return /^\S*/.exec(text)?.[0] ?? '';
}

function withHidden(event: ProcessEvent): ProcessEvent {
  switch (event.event) {
    case 'exec':
      return {
        ...event,
        argv: hidden.arguments(event.argv),
        environ: event.environ?.map(hidden.variable) ?? null,
      };
    case 'exit':
      return { ...event, argv: event.argv && hidden.arguments(event.argv) };
    case 'failed-exec':
      return {
        ...event,
        argv: hidden.arguments(event.argv),
        filename: event.filename && firstWord(event.filename),
      };
    default:
      return event;
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const records = new RecordJson();

function expectSame(made: MadeRecord): void {
  records.out.clear();
  records.write(batchOf(made), 0);
  const line = decoder.decode(records.out.written());
  const event = batchOf(made).at(0) as ProcessEvent;
  expect(line).toBe(new EventJson().line(event));
}

test('for records of every kind with anything in them', () => {
  fc.assert(fc.property(madeRecord, expectSame), { numRuns: 1000 });
}, 30_000);

test('for one line after the other, whole and with what is hidden in them', () => {
  const [shown, hiding] = [new BriefLines(), new BriefLines(hidden)];
  fc.assert(
    fc.property(madeRecord, (made) => {
      const event = batchOf(made).at(0) as ProcessEvent;
      const json = new EventJson();
      for (const events of [() => new BriefEvents(batchOf(made)), () => BriefEvents.of([event])]) {
        expect(`${shown.line(events(), 0)}\n`).toBe(json.line(event));
        expect(`${hiding.line(events(), 0)}\n`).toBe(json.line(withHidden(event)));
      }
    }),
    { numRuns: 500 },
  );
}, 30_000);

test('for the records that C wrote', () => {
  const { memory, offsets } = writtenRecords();
  for (const at of offsets) {
    const type = memory.view.getUint16(at + recordHeader.offset.type, true);
    if (type >= recordType.RECORD_TYPES) continue;
    const size = Math.min(
      memory.view.getUint32(at - 4, true),
      execRecord.size + recordBounds.ARGV_MAX_BYTES,
    );
    const program = [Buffer.from('/bin/a'), Buffer.from('a\0b\0'), false] as const;
    const bytes = memory.bytes.slice(at, at + size);
    expectSame({ type, bytes, offset: 5n, cgroup: undefined, parentComm: null, program });
  }
});

test('for lines one after the other, whose parent and second are the same or not', () => {
  fc.assert(
    fc.property(fc.array(madeRecord, { maxLength: 6 }), (all) => {
      for (const one of all.flatMap((one) => [one, one])) expectSame(one);
    }),
    { numRuns: 200 },
  );
}, 30_000);
