// The tree of a window is what one makes anew of the window's slices, whatever came, went and was changed.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { CallNode } from '../src/model/call-tree.ts';
import { functionsOf } from '../src/model/functions.ts';
import { Samples } from '../src/model/samples.ts';
import { mergedSlices, StackTable } from '../src/model/stack-table.ts';
import { NOW, profileOf } from './some-host.ts';

interface Given {
  readonly pid: number;
  readonly way: string;
  readonly count: number;
}

const given = fc.record({
  pid: fc.integer({ min: 1, max: 3 }),
  way: fc.constantFrom('main;a', 'main;a;b', 'main;b', 'main;b;b', 'start', 'main;a;k:read'),
  count: fc.integer({ min: 1, max: 9 }),
});
const SLICE_MS = 500;

function totals(samples: Samples): Map<string, number> {
  const found = new Map<string, number>();
  const visit = (node: CallNode, path: string): void => {
    for (const child of node.children.values()) {
      const way = `${path};${samples.table.frame(child.frame).name}`;
      if (child.self > 0) found.set(way, child.self);
      visit(child, way);
    }
  };
  visit(samples.tree.root, '');
  return new Map([...found].sort());
}

function expected(slices: readonly (readonly Given[])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { pid, way, count } of slices.flat()) {
    const path = `;comm${pid};${way.replace('k:', '')}`;
    sums.set(path, (sums.get(path) ?? 0) + count);
  }
  return new Map([...sums].sort());
}

test('a window that moves on has its slices and no others; processes can be left out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(given, { maxLength: 5 }), { maxLength: 30 }),
      fc.constantFrom(1000, 5000),
      fc.boolean(),
      (slices, ms, onlyFirst) => {
        const samples = new Samples(NOW);
        samples.setMode({ kind: 'window', ms });
        if (onlyFirst) samples.setScope((pid) => pid === 1);
        slices.forEach((slice, index) => {
          const lines = slice.map(({ pid, way, count }) => `${pid} comm${pid};${way} ${count}`);
          const from = NOW + index * SLICE_MS;
          samples.add(profileOf(...lines), from + SLICE_MS);
          const shown = slices.slice(Math.max(index + 1 - ms / SLICE_MS, 0), index + 1);
          const counted = shown.map((all) => all.filter(({ pid }) => !onlyFirst || pid === 1));
          expect(totals(samples)).toEqual(expected(counted));
          const sum = samples.stacks().reduce((total, { count }) => total + count, 0);
          expect(sum).toBe(samples.tree.root.total);
        });
        samples.setMode({ kind: 'all' });
        const all = slices.map((each) => each.filter(({ pid }) => !onlyFirst || pid === 1));
        expect(totals(samples)).toEqual(expected(all));
      },
    ),
    { numRuns: 100 },
  );
});

test('what functions have alone adds up to everything, and recursion counts once', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 20 }), (stacks) => {
      const samples = new Samples(NOW);
      samples.add(
        profileOf(...stacks.map(({ pid, way, count }) => `${pid} comm${pid};${way} ${count}`)),
        NOW + 1,
      );
      const functions = functionsOf(samples.tree);
      const all = samples.tree.root.total;
      expect(functions.reduce((sum, { self }) => sum + self, 0)).toBe(all);
      for (const { self, total } of functions) {
        expect(total).toBeLessThanOrEqual(all);
        expect(self).toBeLessThanOrEqual(total);
      }
    }),
  );
});

test('old samples fade: half of their weight is left after ten seconds', () => {
  const samples = new Samples(NOW);
  samples.setMode({ kind: 'decay' });
  samples.add(profileOf('1 a;old 64'), NOW + 500);
  samples.add(profileOf('1 a;new 10'), NOW + 10_500);
  expect(samples.tree.root.total).toBeCloseTo(42, 6);
  samples.reset(NOW + 11_000);
  expect(samples.tree.root.total).toBe(0);
});

test('after more stacks than are remembered the newest are still there', () => {
  const samples = new Samples(NOW);
  samples.setMode({ kind: 'all' });
  for (let slice = 0; slice < 8; slice++) {
    const way = (line: number) =>
      Array.from({ length: 500 }, (_, depth) => `f${slice}_${line}_${depth}`).join(';');
    const lines = Array.from({ length: 40 }, (_, line) => `1 a;${way(line)} 1`);
    samples.add(profileOf(...lines), NOW + slice * 500 + 500);
  }
  expect(samples.table.pathCount).toBeLessThanOrEqual(150_000);
  const names = functionsOf(samples.tree).map(({ frame }) => samples.table.frame(frame).name);
  expect(names).toContain('f7_39_499');
}, 60_000);

test('processes that come and go with the same code take nothing of the table', () => {
  const samples = new Samples(NOW);
  for (let pid = 1; pid <= 5000; pid++)
    samples.add(profileOf(`${pid} sh;main;a 1`, `${pid} sh;main;b 2`), NOW + pid * 500);
  // sh, main, a, b, and the path that all begin with.
  expect(samples.table.pathCount).toBe(5);
  // What is long ago is one slice, and nothing of it is lost.
  samples.setMode({ kind: 'all' });
  expect(samples.tree.root.total).toBe(15_000);
});

test('what is shown of a process leaves with the window, though it is forgotten by then', () => {
  const samples = new Samples(NOW);
  samples.setMode({ kind: 'window', ms: 1000 });
  let known = true;
  samples.setScope((pid) => pid === 7 && known);
  samples.add(profileOf('7 sh;main 5'), NOW + 500);
  known = false;
  expect(samples.tree.root.total).toBe(5);
  for (let slice = 2; slice < 6; slice++)
    samples.add(profileOf('8 other;main 1'), NOW + slice * 500);
  expect(samples.tree.root.total).toBe(0);
  expect(samples.tree.root.children.size).toBe(0);
});

test('of more processes than are told apart long ago, all samples are kept', () => {
  const slices = Array.from({ length: 4 }, (_, slice) => {
    const table = new StackTable();
    const lines = Array.from({ length: 100 }, (_, index) => `${1 + slice * 100 + index} sh;f 2`);
    const made = table.slice(profileOf(...lines, '9999 busy;f 50').stacks, NOW + slice);
    made.shown.fill(1);
    return made;
  });
  const merged = mergedSlices(slices, [], 100);
  expect(merged.pids.length).toBeLessThanOrEqual(100);
  expect(merged.counts.reduce((sum, count) => sum + count, 0)).toBe(4 * 250);
  expect([...merged.shown].every((each) => each === 1)).toBe(true);
  const busy = merged.pids.indexOf(9999);
  expect(merged.counts[busy]).toBe(200);
});
