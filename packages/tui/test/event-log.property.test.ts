// The log gives back of the last events what they said, whatever texts they had and however many there were.

import { expect, test } from 'bun:test';
import type { ProcessEvent } from '@waggle/core';
import { BriefEvents } from '@waggle/core/plugins/brief-events';
import fc from 'fast-check';
import { batchOf, usualRecord } from '../../core/test/made-records.ts';
import { EventLog } from '../src/model/event-log.ts';
import { loggedOf } from '../src/model/logged-event.ts';
import { execEvent, exitEvent, forkEvent, NOW } from './some-host.ts';

function add(log: EventLog, ...events: readonly ProcessEvent[]): void {
  const brief = BriefEvents.of(events);
  for (let index = 0; index < brief.length; index++) log.add(brief, index);
}

/** Any text at all, lone halves of characters among it; some are long. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '\ud800', '👩‍👩‍👧', 'x'.repeat(30_000), 'ж'.repeat(40_000)),
);
const argv = fc.array(text, { minLength: 1, maxLength: 4 });
const event = fc.oneof(
  fc.tuple(fc.nat(9), argv).map(([pid, words]) => execEvent(pid, 1, words)),
  fc
    .tuple(fc.nat(9), argv, fc.nat(255))
    .map(([pid, words, exitCode]) => exitEvent(pid, 1, words, { exitCode })),
  fc.constant(forkEvent(1, 2)),
  fc.constant({ event: 'lost', time: BigInt(NOW) * 1_000_000n, count: 7 } as ProcessEvent),
);

test('what is known of the last events is what they said', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const log = new EventLog();
      add(log, ...events);
      const logged = events.map(loggedOf).filter((each) => each !== undefined);
      expect(log.total).toBe(logged.length);
      for (let number = log.first; number < log.total; number++) {
        const known = log.at(number);
        const said = logged[number];
        const isLong = Buffer.byteLength(JSON.stringify(said)) > 125_000;
        if (isLong) expect(known.pid).toBe(said?.pid as number);
        else expect(known).toEqual(said as typeof known);
        expect(log.hasFailed(number)).toBe(said?.failed as boolean);
        expect(log.kindOf(number)).toBe(said?.kind as typeof known.kind);
      }
      // The last is always there.
      if (logged.length > 0) expect(log.at(log.total - 1).pid).toBe(logged.at(-1)?.pid as number);
    }),
    { numRuns: 50 },
  );
});

test('of records it says what their events say', () => {
  const log = new EventLog();
  fc.assert(
    fc.property(usualRecord, (made) => {
      const number = log.add(new BriefEvents(batchOf(made)), 0);
      const said = loggedOf(batchOf(made).at(0) as ProcessEvent);
      expect(number === undefined).toBe(said === undefined);
      if (number === undefined || said === undefined) return;
      expect(log.at(number)).toEqual(said);
      expect(log.pidOf(number)).toBe(said.pid);
      expect(log.ppidOf(number)).toBe(said.ppid);
      expect(log.kindOf(number)).toBe(said.kind);
      expect(log.hasFailed(number)).toBe(said.failed);
      expect(log.argvOf(number) ?? []).toEqual(said.argv);
    }),
    { numRuns: 500 },
  );
}, 30_000);

test('of very long arguments the program is kept, and no other event goes for them', () => {
  const log = new EventLog();
  for (let pid = 1; pid <= 20; pid++) add(log, execEvent(pid, 1, ['/bin/true', String(pid)]));
  for (let pid = 21; pid <= 60; pid++)
    add(log, execEvent(pid, 1, ['/bin/long', 'ж'.repeat(1_000_000)]));
  expect(log.first).toBe(0);
  expect(log.at(0).argv).toEqual(['/bin/true', '1']);
  expect(log.at(59)).toMatchObject({ argv: ['/bin/long'], isCut: true });
});

test('of a storm the last thousands are there, and what is older is no longer', () => {
  const log = new EventLog();
  for (let pid = 0; pid < 40_000; pid++) add(log, execEvent(pid, 1, ['/bin/true', `--id=${pid}`]));
  expect(log.total - log.first).toBe(5000);
  for (let number = log.first; number < log.total; number += 97)
    expect(log.at(number).argv).toEqual(['/bin/true', `--id=${number}`]);
  expect(() => log.at(log.first - 1)).toThrow(RangeError);
  expect(() => log.at(log.total)).toThrow(RangeError);
});

test('the environment of a parent is the one of its last program before', () => {
  const log = new EventLog();
  const withEnviron = (word: string, time: number) => ({
    ...execEvent(5, 1, ['sh'], time),
    environ: [word],
  });
  add(log, withEnviron('A=1', NOW) as ProcessEvent);
  add(log, withEnviron('A=2', NOW + 100) as ProcessEvent);
  add(log, execEvent(6, 1, ['sh'], NOW + 150));
  expect(log.environBefore(5, NOW + 50)).toEqual(['A=1']);
  expect(log.environBefore(5, NOW + 500)).toEqual(['A=2']);
  expect(log.environBefore(7, NOW + 500)).toBeNull();
});
