// Records as bytes of a ring in memory to events, and what is missing of them: no kernel, no root.

import { expect, test } from 'bun:test';
import { exitRecord, recordType } from '@waggle/bpf';
import { clockNanoseconds, openNative, type RecordVisitor } from '@waggle/ffi';
import type { EventCounts } from '@waggle/kernel';
import { EventReader } from './event-reader.ts';

const AT = exitRecord.offset;
const NONE = { fork: 0, exec: 0, exit: 0, 'failed-exec': 0 };

/** An exit as the kernel's program writes it. */
function exitBytes(pid: number, sequence: number, cpu = 0): Uint8Array {
  const bytes = new Uint8Array(exitRecord.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(AT['header.type'], recordType.RECORD_EXIT, true);
  view.setUint32(AT['header.size'], exitRecord.size, true);
  view.setUint32(AT['header.cpu'], cpu, true);
  view.setBigUint64(AT['header.sequence'], BigInt(sequence), true);
  view.setBigUint64(AT['header.time_ns'], 5_000_000_000n, true);
  view.setUint32(AT['header.tgid'], pid, true);
  view.setUint32(AT['header.tid'], pid, true);
  view.setBigUint64(AT['header.start_boottime'], 2_000_000_000n, true);
  view.setBigUint64(AT['header.exec_id'], 4n, true);
  bytes.set(new TextEncoder().encode('made-up'), AT['header.comm']);
  // As of wait(2): 3 in the second byte.
  view.setUint32(AT.exit_code, 3 << 8, true);
  return bytes;
}

async function readerOf(records: Uint8Array[]) {
  let counts: EventCounts = {
    ...{ made: 0, dropped: NONE, filtered: NONE, rateLimited: NONE },
    ...{ droppedOfType: () => 0, foreign: 0, trackingOverflow: 0 },
  };
  const ring = {
    produced: 0n,
    get consumed() {
      return this.produced - BigInt(records.length);
    },
    drain(visit: RecordVisitor, most = Number.POSITIVE_INFINITY): number {
      const taken = records.splice(0, most);
      for (const bytes of taken)
        visit({ bytes, view: new DataView(bytes.buffer) }, 0, bytes.length);
      return taken.length;
    },
  };
  ring.produced = BigInt(records.length);
  const settings = { readCounts: () => counts, hasToldCgroup: () => false };
  const reader = new EventReader(await openNative(), ring, settings);
  return {
    reader,
    lose: (exits: number) => {
      counts = { ...counts, dropped: { ...NONE, exit: exits } };
    },
  };
}

test('a record becomes an event, field by field', async () => {
  const { reader } = await readerOf([exitBytes(7, 0)]);
  const event = reader.read().at(0);
  expect(event).toMatchObject({
    ...{ event: 'exit', pid: 7, tid: 7, comm: 'made-up', execId: 4, exitCode: 3, signal: null },
    ...{ startTime: 2_000_000_000n, bootTime: 5_000_000_000n, lifetimeNs: 3_000_000_000n },
    identity: { pid: 7, startBoottimeNs: 2_000_000_000n, execId: 4 },
  });
  expect(reader.totals().delivered).toEqual({ ...NONE, exit: 1 });
});

test('a batch says until when everything has been read, and the first of several does not', async () => {
  const native = await openNative();
  const bytes = Array.from({ length: 5000 }, (_, index) => exitBytes(1 + index, index));
  const { reader } = await readerOf(bytes);
  const before = clockNanoseconds(native, 'boottime');
  const first = reader.read();
  expect(first.readUntil).toBeUndefined();
  const between = clockNanoseconds(native, 'boottime');
  // All of the five thousand, and nothing came since: the moment is that of the first turn.
  const second = reader.read();
  expect(first.length + second.length).toBe(5000);
  expect(second.readUntil).toBeGreaterThanOrEqual(before);
  expect(second.readUntil).toBeLessThan(between);
  // Nothing is something to say, too.
  expect(reader.read().readUntil).toBeGreaterThan(between);
});

test('a gap in the numbers of one CPU is a loss, told where it is and counted by the kernel', async () => {
  const { reader, lose } = await readerOf([
    ...[exitBytes(1, 0), exitBytes(2, 0, 1), exitBytes(3, 1)],
    ...[exitBytes(4, 4), exitBytes(5, 1, 1)],
  ]);
  lose(2);
  const batch = reader.read();
  const kinds = Array.from({ length: batch.length }, (_, index) => batch.kindAt(index));
  expect(kinds).toEqual(['exit', 'exit', 'exit', 'lost', 'exit', 'exit']);
  expect(reader.lastLosses()).toEqual([]);
  expect(reader.totals()).toMatchObject({ lost: { exit: 2 }, delivered: { exit: 5 } });
});

test('a loss that no record announces comes at the end', async () => {
  const { reader, lose } = await readerOf([exitBytes(1, 0)]);
  reader.read();
  lose(3);
  expect(reader.lastLosses()).toMatchObject([{ event: 'lost', count: 3 }]);
  lose(9);
  expect(reader.totals().lost.exit).toBe(3);
});
