// What is read of events in brief, and what copies of their bytes give back, is what their objects say, whatever is in
// the records.

import { expect, test } from 'bun:test';
import type { ProcessEvent } from '@waggle/events';
import fc from 'fast-check';
import { batchOf, type MadeRecord, usualRecord } from '../../../test/made-records.ts';
import { BriefEvents } from './brief-events.ts';
import { EventBytes } from './event-bytes.ts';
import { HeldEvents } from './held-events.ts';

const eventOf = (made: MadeRecord) =>
  batchOf(made).at(0) as Exclude<ProcessEvent, { event: 'lost' }>;

function expectSame(events: BriefEvents, index: number, event: ReturnType<typeof eventOf>): void {
  expect(events.kindAt(index)).toBe(event.event);
  expect(events.pidAt(index)).toBe(event.pid);
  expect(events.ppidAt(index)).toBe(event.ppid);
  expect(events.commAt(index)).toBe(event.comm);
  expect(events.parentCommAt(index)).toBe(event.parentComm);
  expect(events.uidAt(index)).toBe(event.uid);
  expect(events.timeMsAt(index)).toBe(Number(event.time / 1_000_000n));
  expect(events.preciseMsAt(index)).toBe(Number(event.time / 1000n) / 1000);
  expect(events.startTimeAt(index)).toBe(event.startTime);
  expect(events.parentStartTimeAt(index)).toBe(event.parentStartTime);
  expect(events.lostAt(index)).toBe(0);
  const isProgram = event.event === 'exec' || event.event === 'exit';
  expect(events.argvAt(index)).toEqual(isProgram ? event.argv : null);
  if (event.event === 'failed-exec') expect(events.errorAt(index)).toBe(event.error);
  if (event.event === 'fork') expect(events.childStartTimeAt(index)).toBe(event.childStartTime);
  const [path, containerId] =
    event.event === 'fork'
      ? [event.childCgroup, event.childContainerId]
      : [event.cgroup, event.containerId];
  expect(events.cgroupAt(index)?.path ?? null).toBe(path);
  expect(events.cgroupAt(index)?.containerId ?? null).toBe(containerId);
  if (event.event === 'fork') expect(events.childPidAt(index)).toBe(event.childPid);
  if (event.event !== 'exit') return;
  const { exitCode, signal, coreDumped, lifetimeNs } = event;
  expect(events.endAt(index)).toMatchObject({ exitCode, signal, coreDumped });
  expect(events.lifetimeNsAt(index)).toBe(Number(lifetimeNs));
  expect(events.lifetimeMsAt(index)).toBe(Number(lifetimeNs / 1_000_000n));
}

test('in brief, as a record and as an object', () => {
  fc.assert(
    fc.property(usualRecord, (made) => {
      const event = eventOf(made);
      const events = new BriefEvents(batchOf(made));
      expect(events.isMade(0)).toBe(false);
      expectSame(events, 0, event);
      expect(events.at(0)).toEqual(event);
      expectSame(BriefEvents.of([event]), 0, event);
    }),
    { numRuns: 500 },
  );
}, 30_000);

test('as bytes that were put elsewhere', () => {
  const kept = new EventBytes();
  const bytes = new Uint8Array(256 * 1024);
  const memory = { bytes, view: new DataView(bytes.buffer) };
  fc.assert(
    fc.property(usualRecord, fc.nat(1000), (made, place) => {
      const events = new BriefEvents(batchOf(made));
      const length = kept.lengthOf(events, 0);
      bytes.fill(0xaa);
      kept.write(events, 0, memory, place);
      expect(bytes[place + length]).toBe(0xaa);
      // Its cgroup is looked up anew, and nobody has told of any here.
      const nowhere = { cgroup: null, containerId: null };
      expect({ ...kept.read(memory, place, made.parentComm), ...nowhere }).toEqual({
        ...eventOf(made),
        ...nowhere,
      });
    }),
    { numRuns: 500 },
  );
}, 30_000);

test('those that waited, in their order', () => {
  fc.assert(
    fc.property(fc.array(usualRecord, { maxLength: 8 }), (all) => {
      const held = new HeldEvents();
      for (const made of all) held.add(new BriefEvents(batchOf({ ...made, offset: 7n })));
      const lost = { event: 'lost', time: 1n, count: 3 } as ProcessEvent;
      held.add(BriefEvents.of([lost]));
      expect(held.length).toBe(all.length + 1);
      const taken = held.take();
      expect(held.length).toBe(0);
      for (const [index, made] of all.entries())
        expect(taken.at(index)).toEqual(eventOf({ ...made, offset: 7n }));
      expect(taken.at(all.length)).toEqual(lost);
    }),
    { numRuns: 200 },
  );
}, 30_000);
