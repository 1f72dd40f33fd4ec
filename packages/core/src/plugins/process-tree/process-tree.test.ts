import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ProcessObservation, ProcessTree } from './process-tree.ts';

const TICK = 10_000_000n;
const seen = (pid: number, tick: number, comm = `p${pid}@${tick}`): ProcessObservation => ({
  identity: { pid, startBoottimeNs: BigInt(tick) * TICK + 1n },
  comm,
});
const names = (tree: ProcessTree, process: ProcessObservation) =>
  tree.ancestors(process.identity).map(({ comm }) => comm);

describe('ancestors', () => {
  test('stay nameable when they ended first, as long as a descendant lives', () => {
    const tree = new ProcessTree();
    const [a, b, c] = [seen(1, 1, 'init'), seen(2, 2, 'daemon'), seen(3, 3, 'worker')];
    tree.fork(a, b);
    tree.fork(b, c);
    tree.exit(b);
    tree.cycle();
    tree.cycle();
    expect(names(tree, c)).toEqual(['daemon', 'init']);
    expect(tree.find(b.identity)?.ended).toBe(true);
    tree.exit(c);
    expect(names(tree, c)).toEqual(['daemon', 'init']);
    tree.cycle();
    expect(names(tree, c)).toEqual([]);
    expect(tree.size).toBe(1);
  });

  test('of a pid that was used again are its own', () => {
    const tree = new ProcessTree();
    const init = seen(1, 1, 'init');
    const [first, child, second] = [seen(7, 2, 'first'), seen(8, 3, 'child'), seen(7, 4, 'second')];
    tree.fork(init, first);
    tree.fork(first, child);
    tree.exit(first);
    tree.fork(init, second);
    tree.cycle();
    expect(names(tree, child)).toEqual(['first', 'init']);
    expect(names(tree, second)).toEqual(['init']);
  });

  test('who was there before is found by clock ticks', () => {
    const tree = new ProcessTree();
    tree.seed({ identity: { pid: 1, startTime: 1 }, comm: 'init' }, 0);
    tree.seed({ identity: { pid: 5, startTime: 9 }, comm: 'shell' }, 1);
    const child = seen(6, 20, 'ls');
    tree.fork(seen(5, 9, 'shell'), child);
    expect(names(tree, child)).toEqual(['shell', 'init']);
    expect(tree.find({ pid: 5, startBoottimeNs: 9n * TICK + 1n })?.comm).toBe('shell');
  });
});

test('full: the dead go first, and the living keep their chain of the living', () => {
  const tree = new ProcessTree(20);
  const root = seen(1, 1, 'init');
  let at = root;
  for (let generation = 2; generation < 500; generation++) {
    const child = seen(generation, generation);
    tree.fork(at, child);
    if (at !== root) tree.exit(at);
    at = child;
  }
  expect(tree.size).toBeLessThanOrEqual(21);
  expect(names(tree, at).at(-1)).toBe('init');
});

test('any history: ancestors are those of a model, and nothing is left when all have ended', () => {
  interface Model {
    readonly process: ProcessObservation;
    readonly parent: Model | undefined;
    comm: string;
  }
  const step = fc.record({
    act: fc.constantFrom('fork', 'fork', 'exec', 'exit', 'cycle'),
    who: fc.nat(1000),
    pid: fc.integer({ min: 2, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tree = new ProcessTree();
      const root: Model = { process: seen(1, 0), parent: undefined, comm: 'p1@0' };
      const living: Model[] = [root];
      tree.seed(root.process, 0);
      let tick = 0;
      for (const { act, who, pid } of steps) {
        tick++;
        const one = living[who % living.length]!;
        if (act === 'fork' && !living.some(({ process }) => process.identity.pid === pid)) {
          const child = { process: seen(pid, tick, one.comm), parent: one, comm: one.comm };
          tree.fork({ ...one.process, comm: one.comm }, child.process);
          living.push(child);
        } else if (act === 'exec') {
          one.comm = `x${tick}`;
          tree.exec({ ...one.process, comm: one.comm });
        } else if (act === 'exit' && one !== root) {
          tree.exit(one.process);
          living.splice(living.indexOf(one), 1);
        } else if (act === 'cycle') tree.cycle();
        for (const model of living) {
          const expected: string[] = [];
          for (let at = model.parent; at !== undefined; at = at.parent) expected.push(at.comm);
          expect(names(tree, model.process)).toEqual(expected);
        }
      }
      for (const { process } of living) tree.exit(process);
      tree.cycle();
      expect(tree.size).toBe(0);
    }),
  );
});
