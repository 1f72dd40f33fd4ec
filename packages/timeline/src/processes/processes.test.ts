// Parents, lanes and the critical path, of small families that can be counted by hand and of random ones.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { execLine, exitLine, failureLine, forkLine } from '../../test/recordings.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { criticalPath } from './critical-path.ts';
import { type Family, familyOf } from './family.ts';
import { ProcessHistory } from './history.ts';
import { lanesOf } from './lanes.ts';

function historyOf(...lines: string[]): ProcessHistory {
  const history = new ProcessHistory();
  for (const line of lines) history.add(parseEvent(line) as RecordedEvent);
  return history;
}

/** `make` from 0 to 100 with children of [name, start, end]; starts are boot times, too. */
function build(...children: [string, number, number][]): Family {
  const make = { pid: 1, start: 0, ppid: 0, comm: 'make' };
  return familyOf(
    historyOf(
      execLine(make),
      ...children.map(([comm, start, end], index) =>
        exitLine({ pid: 10 + index, start, at: end, ppid: 1, parentStart: 0, comm }),
      ),
      exitLine({ ...make, at: 100 }),
    ),
  );
}

const byName = (family: Family, values: ArrayLike<number>) =>
  Object.fromEntries(
    family.processes.flatMap(({ comm, isRecorded }, at) =>
      isRecorded ? [[comm, values[at]]] : [],
    ),
  );

test('each process is there once, with its images, failures, parent and end', () => {
  const sh = { pid: 7, start: 7, comm: 'sh' };
  const child = { pid: 8, start: 20, ppid: 7, parentStart: 7 };
  const history = historyOf(
    execLine({ ...sh, at: 10 }, { cwd: '/a' }),
    forkLine({ ...sh, at: 20 }, 8),
    failureLine({ ...child, at: 25, comm: 'sh' }),
    execLine({ ...child, at: 30, comm: 'cc' }),
    execLine({ ...child, at: 40, comm: 'cc1' }),
    exitLine({ ...child, at: 90, comm: 'cc1' }, { exitCode: 2, userNs: '5' }),
  );
  const recorded = [...history.processes.values()].filter(({ isRecorded }) => isRecorded);
  expect(recorded.map(({ pid }) => pid)).toEqual([7, 8]);
  expect(recorded[1]).toMatchObject({
    comm: 'cc1',
    parent: '7-7',
    images: [{ comm: 'cc' }, { comm: 'cc1' }],
    failures: [{ error: 'ENOENT' }],
    end: { exitCode: 2, lifetimeNs: 70, userNs: 5, systemNs: null },
  });
  // The shell still runs; its own parent is known by name only.
  expect(recorded[0]?.end).toBe(undefined);
  const family = familyOf(history);
  // The shell began 3 ns before its first event.
  expect(byName(family, family.start)).toEqual({ sh: -3, cc1: 10 });
  expect(byName(family, family.end)).toEqual({ sh: 80, cc1: 80 });
});

test('a clock that is set while a build runs moves nothing', () => {
  // Each child's line has the time of day, which is set forward by 50 and back by 20.
  const make = { pid: 1, start: 0, ppid: 0, comm: 'make' };
  const child = (pid: number, start: number, end: number, comm: string, set: number) =>
    exitLine(
      { pid, start, at: end + set, ppid: 1, parentStart: 0, comm },
      { lifetimeNs: String(end - start) },
    );
  const history = historyOf(
    execLine(make),
    child(10, 0, 30, 'a', 0),
    child(11, 10, 60, 'b', 50),
    child(12, 30, 90, 'c', 30),
    exitLine({ ...make, at: 130 }, { lifetimeNs: '100' }),
  );
  const family = familyOf(history);
  expect(byName(family, family.start)).toEqual({ make: 0, a: 0, b: 10, c: 30 });
  expect(byName(family, family.end)).toEqual({ make: 100, a: 30, b: 60, c: 90 });
  expect(byName(family, criticalPath(family).own)).toEqual({ make: 10, a: 30, b: 0, c: 60 });
});

const HOUR = 3600e9;

test.each([HOUR, -HOUR])('a clock that is set by %p ns before an exec moves no mark', (set) => {
  const history = historyOf(
    exitLine({ pid: 1, start: 0, at: 0 }),
    execLine({ pid: 2, start: 20, at: 21 }),
    failureLine({ pid: 2, start: 20, at: 22 }),
    // Whether the clock was set is not known before the next exit.
    execLine({ pid: 3, start: 30, at: 31 + set }),
    failureLine({ pid: 3, start: 30, at: 32 + set }),
    exitLine({ pid: 3, start: 30, at: 50 + set }, { lifetimeNs: '20' }),
    exitLine({ pid: 2, start: 20, at: 60 + set }, { lifetimeNs: '40' }),
  );
  const [, second, third] = [...history.processes.values()].filter(({ isRecorded }) => isRecorded);
  expect(history.lastAt).toBe(60);
  expect([second, third].map((each) => each && history.startOf(each))).toEqual([20, 30]);
  expect(second?.images.map(({ at }) => at)).toEqual([21]);
  expect(second?.failures.map(({ at }) => at)).toEqual([22]);
  for (const { at } of [...(third?.images ?? []), ...(third?.failures ?? [])]) {
    expect(at).toBeGreaterThanOrEqual(30);
    expect(at).toBeLessThanOrEqual(50);
  }
  expect([second?.end?.at, third?.end?.at]).toEqual([60, 50]);
});

test('a fork tells that the clock was set before an exit does', () => {
  const history = historyOf(
    exitLine({ pid: 1, start: 0, at: 0 }),
    forkLine({ pid: 2, start: 0, at: 20 + HOUR }, 3, { childStartTime: '20' }),
    execLine({ pid: 3, start: 20, at: 25 + HOUR }),
  );
  expect(history.lastAt).toBe(25);
});

test('a command that waited long before its exec has its beginning, others are cut off', () => {
  const second = 1e9;
  const make = { pid: 1, start: 0, ppid: 0, comm: 'make' };
  const history = historyOf(
    execLine({ ...make, at: 5 * second }),
    exitLine({ pid: 3, start: 1, at: 6 * second, ppid: 0, comm: 'old' }),
    exitLine({ ...make, at: 8 * second }),
  );
  const family = familyOf(history);
  expect(byName(family, family.start)).toEqual({ make: -5 * second, old: 1 - 5 * second });
  const others = familyOf(
    historyOf(
      exitLine({ pid: 3, start: 1, at: 6 * second, ppid: 0, comm: 'old' }),
      exitLine({ ...make, at: 8 * second }),
    ),
  );
  expect(byName(others, others.start)).toEqual({ make: 0, old: 0 });
});

test('children are below their parent, side by side in a lane where one came after the other', () => {
  const family = build(['a', 0, 30], ['b', 10, 60], ['c', 30, 50], ['d', 55, 70]);
  expect(byName(family, lanesOf(family))).toEqual({ make: 1, a: 2, b: 3, c: 2, d: 2 });
});

test('the critical path is what the end waited for', () => {
  // a ends at 30, and lets c begin; c is waited for at the end. b is beside them.
  const family = build(['a', 0, 30], ['b', 10, 60], ['c', 30, 90]);
  const { own, root } = criticalPath(family);
  expect(family.processes[root]?.comm).toBe('make');
  expect(byName(family, own)).toEqual({ make: 10, a: 30, b: 0, c: 60 });
});

test('circles of parents, and parents that are born later, end', () => {
  const history = historyOf(
    execLine({ pid: 1, start: 1, ppid: 2, parentStart: 2 }),
    execLine({ pid: 2, start: 2, ppid: 1, parentStart: 1 }),
    execLine({ pid: 3, start: 3, ppid: 3, parentStart: 3 }),
    execLine({ pid: 4, start: 4, ppid: 1, parentStart: 1 }),
  );
  const family = familyOf(history);
  expect(family.processes.map(({ pid }) => pid).sort()).toEqual([1, 2, 3, 4]);
  lanesOf(family);
  criticalPath(family);
});

const someProcess = fc.record({
  start: fc.nat(1000),
  length: fc.nat(300),
  parent: fc.nat(30),
});

test('no two bars of any family are on the same place, and the path is as long as its root', () => {
  fc.assert(
    fc.property(fc.array(someProcess, { minLength: 1, maxLength: 60 }), (made) => {
      // Only those before are parents, as in the world, and a child begins in its parent's time.
      const starts: number[] = [];
      const ends: number[] = [];
      const lines = made.map(({ start, length, parent }, at) => {
        const above = at === 0 ? -1 : parent % at;
        starts[at] = above < 0 ? start : Math.min(ends[above]!, starts[above]! + (start % 200));
        ends[at] = starts[at]! + length;
        const of = { pid: 100 + at, start: starts[at]!, at: ends[at]! };
        const from =
          above < 0
            ? { ppid: 1, parentStart: 0 }
            : { ppid: 100 + above, parentStart: starts[above]! };
        return exitLine({ ...of, ...from });
      });
      const family = familyOf(historyOf(...lines));
      const lane = lanesOf(family);
      const recorded = [...family.processes.keys()].filter(
        (at) => family.processes[at]?.isRecorded,
      );
      for (const a of recorded)
        for (const b of recorded)
          if (a < b && lane[a] === lane[b])
            expect(family.end[a]! <= family.start[b]! || family.end[b]! <= family.start[a]!).toBe(
              true,
            );
      const { own, root } = criticalPath(family);
      const sum = own.reduce((all, each) => all + each, 0);
      expect(sum).toBeCloseTo(family.end[root]! - family.start[root]!, 3);
    }),
  );
});

test('a chain of parents, and siblings without number, take no recursion and no square', () => {
  const chain = Array.from({ length: 8000 }, (_, at) =>
    exitLine({ pid: at + 10, start: at + 10, at: 50_000, ppid: at + 9, parentStart: at + 9 }),
  );
  const crowd = Array.from({ length: 8000 }, (_, at) =>
    exitLine({ pid: at + 10_010, start: 10_010, at: 60_000, ppid: 5, parentStart: 5 }),
  );
  const family = familyOf(historyOf(...chain, ...crowd));
  const lane = lanesOf(family);
  criticalPath(family);
  expect(new Set(lane).size).toBeGreaterThan(7900);
});

test('a recording of more than there is room for says how much is left out', () => {
  const history = new ProcessHistory();
  const event = parseEvent(exitLine({ pid: 1, at: 1 })) as Extract<
    RecordedEvent,
    { event: 'exit' }
  >;
  for (let pid = 1; pid <= 200_500; pid++)
    history.add({ ...event, pid, startTime: '5', parentProcessId: null });
  expect(history.processes.size).toBe(200_000);
  expect(history.leftOut).toBe(500);
});
