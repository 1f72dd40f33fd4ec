// Trees of processes that somebody made to be hard to draw: chains of thousands, and pids that are used again.

import { expect, test } from 'bun:test';
import { ProcessRow } from '../src/model/process-row.ts';
import { asTree, compareBy, listed, weightBy } from '../src/views/process-order.ts';

const pidWeight = weightBy('pid', 0, () => 0);
const byPid = compareBy(pidWeight);

function row(pid: number, ppid: number, bornAt: number, hasEnded = false): ProcessRow {
  const made = new ProcessRow(pid, bornAt);
  made.ppid = ppid;
  if (hasEnded) made.end = { at: 0, outcome: '', failed: false };
  return made;
}

const drawn = (rows: readonly ProcessRow[]) => asTree(rows, byPid, () => false);

test('a chain of 30,000 is drawn, its lines are short, and its last one is there', () => {
  const rows = Array.from({ length: 30_000 }, (_, at) => row(at + 1, at, at));
  const lines = drawn(rows);
  expect(lines.map(({ row: { pid } }) => pid)).toEqual(rows.map(({ pid }) => pid));
  expect(Math.max(...lines.map(({ branch }) => branch.length))).toBeLessThan(60);
  expect(asTree(rows, byPid, (pid) => pid === 10).at(-1)).toMatchObject({ hidden: 29_990 });
});

test('nobody hides behind a child that has the pid of its parent', () => {
  const rows = [row(10, 5, 1), row(5, 10, 2), row(7, 5, 3), row(1, 0, 0), row(9, 9, 4)];
  expect(drawn(rows).map(({ row: { pid } }) => pid)).toEqual([1, 10, 5, 7, 9]);
});

test('each row is there once, where each pid is that of one that ended too', () => {
  const living = Array.from({ length: 400 }, (_, at) => row(at + 1, at, 1000 + at));
  const ended = Array.from({ length: 400 }, (_, at) => row(at + 1, at, at, true));
  const lines = drawn([...living, ...ended]);
  expect(lines.length).toBe(800);
  expect(new Set(lines.map((line) => line.row)).size).toBe(800);
});

test('a list is in the order of its weights, pinned ones first, and finds its processes', () => {
  const rows = Array.from({ length: 500 }, (_, at) => row(at + 1, 0, at));
  for (const [at, each] of rows.entries()) {
    each.cpuPercent = (at * 37) % 11;
    each.pinned = at % 100 === 7;
  }
  const weightOf = weightBy('cpu', 0, () => 0);
  const lines = listed(rows, weightOf);
  const expected = [...rows].sort(compareBy(weightOf)).map(({ pid }) => pid);
  expect(lines.length).toBe(500);
  expect(expected.map((_, at) => lines.at(at)?.row.pid)).toEqual(expected);
  for (const pid of [1, 8, 250, 500]) expect(lines.indexOf(pid)).toBe(expected.indexOf(pid));
  expect(lines.at(500)).toBeUndefined();
  expect(lines.indexOf(9999)).toBe(-1);
});
