import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import type { UnresolvedFrame } from '../frames/unresolved-frame.ts';
import { ownerFrames } from '../sampling/stack-owner.ts';
import { NamedStacks } from './named-stacks.ts';

const named = (name: string): ProfileFrame[] => [{ name, kind: 'user' }];
const process = (name: string): ProfileFrame[] => [{ name, kind: 'process' }];
const at = (name: string, address: bigint): ProfileFrame[] => [{ name, kind: 'user', address }];

function add(stacks: NamedStacks, frames: readonly (readonly ProfileFrame[])[], count: number) {
  stacks.add(
    frames.map((functions) => stacks.place(functions)),
    count,
  );
}

const foldedOf = (stacks: NamedStacks) =>
  stacks
    .profileStacks()
    .map(({ frames, count }) => `${frames.map(({ name }) => name).join(';')} ${count}`)
    .sort();

const total = (stacks: NamedStacks) =>
  stacks.profileStacks().reduce((sum, { count }) => sum + count, 0);

test('equal stacks are one, and a stack that another one begins with is its own', () => {
  const stacks = new NamedStacks();
  add(stacks, [process('a'), named('main'), named('work')], 2);
  add(stacks, [process('a'), named('main'), named('work')], 3);
  add(stacks, [process('a'), named('main')], 1);
  add(stacks, [process('b'), named('main')], 1);
  expect(foldedOf(stacks)).toEqual(['a;main 1', 'a;main;work 5', 'b;main 1']);
});

test('each event has a value of its own in a stack', () => {
  let stacks = new NamedStacks({ maxNodes: 8, maxPlaces: 8, maxTextBytes: 1e6 });
  const place = stacks.place(process('a'));
  const [main, work, wait] = ['main', 'work', 'wait'].map((name) => stacks.place(named(name)));
  stacks.add([place, main, work], 2);
  stacks.add([place, main, work], 0.4, 2, 1);
  stacks.add([place, main, work], 0.4, 2, 1);
  stacks.add([place, main, wait], 7.2, 2, 1);
  stacks.add([place, main], 0.2, 1, 1);
  const before = stacks.profileStacks(3);
  stacks = stacks.settled();
  expect(stacks.isCoarse).toBe(true);
  for (const found of [before, stacks.profileStacks(3)])
    expect(found.map(({ frames, count, values }) => [frames.at(-1)?.name, count, values])).toEqual([
      ['work', 2, [2, 0, 1]],
      ['wait', 0, [0, 0, 7]],
    ]);
});

test('inlined functions stay with their caller, and addresses are told apart', () => {
  const stacks = new NamedStacks();
  add(stacks, [process('a'), [...named('main'), ...named('inlined')]], 1);
  add(stacks, [process('a'), at('main', 1n)], 1);
  add(stacks, [process('a'), at('main', 2n)], 1);
  expect(foldedOf(stacks)).toEqual(['a;main 1', 'a;main 1', 'a;main;inlined 1']);
});

test('frames come back as they were', () => {
  const stacks = new NamedStacks();
  const mapping = { start: 0x1000n, limit: 0x2000n, fileOffset: 0n };
  const unnamed: UnresolvedFrame = {
    ...{ name: '[app+0x10]', kind: 'unresolved', object: '/app' },
    ...{ reason: 'no-perf-map', runtime: 'node', address: 0x10n },
  };
  const frames: (readonly ProfileFrame[])[] = [
    [{ name: 'a', kind: 'process' }],
    [{ name: '', kind: 'user', object: '/bin/a', address: 0x1234n, mapping }],
    [
      {
        name: 'f',
        kind: 'user',
        object: '',
        address: 0xffff_ffff_8100_0000n,
        file: 'f.c',
        line: 7,
      },
      { name: 'g', kind: 'user', object: '/bin/a', file: 'g.c', line: 1, inlined: true },
      { name: 'h', kind: 'user', inlined: true },
    ],
    [{ name: '1', kind: 'user', address: 0n, mapping: { ...mapping, buildId: 'abc' } }],
    [unnamed],
    [{ name: 'k', kind: 'kernel', object: 'xfs', address: 2n ** 64n - 1n }],
  ];
  add(stacks, frames, 1);
  expect(stacks.profileStacks()).toEqual([{ frames: frames.flat(), count: 1 }]);
});

test('many different stacks are told apart by their functions, no longer by addresses', () => {
  let stacks = new NamedStacks({ maxNodes: 400, maxPlaces: 400, maxTextBytes: 1e6 });
  const code: UnresolvedFrame = { name: '', kind: 'unresolved', reason: 'no-perf-map' };
  for (let n = 0; n < 150; n++) {
    add(stacks, [process('a'), at('main', 7n), at(`f${n % 3}`, BigInt(n))], 2);
    const name = `[jit+0x${n.toString(16)}]`;
    add(stacks, [process('b'), [{ ...code, name, address: BigInt(n) }]], 1);
    stacks = stacks.settled();
  }
  expect(stacks.isCoarse).toBe(true);
  expect(stacks.settled()).toBe(stacks);
  expect(foldedOf(stacks)).toEqual([
    'a;main;f0 100',
    'a;main;f1 100',
    'a;main;f2 100',
    'b;[jit] 150',
  ]);
  expect(stacks.otherSamples).toBe(0);
});

test('owners of other labels are told apart, until there are many different stacks', () => {
  let stacks = new NamedStacks({ maxNodes: 400, maxPlaces: 400, maxTextBytes: 1e6 });
  const owner = (pid: number, container: string) => [
    ...ownerFrames({ roots: ['a'], labels: { pid, comm: 'a', container } }),
  ];
  const labelsOf = () => stacks.profileStacks().map(({ labels, count }) => [labels, count]);
  add(stacks, [owner(1, 'x'), named('main')], 1);
  add(stacks, [owner(2, 'x'), named('main')], 2);
  add(stacks, [owner(1, 'x'), named('main')], 3);
  expect(labelsOf()).toEqual([
    [{ pid: 1, comm: 'a', container: 'x' }, 4],
    [{ pid: 2, comm: 'a', container: 'x' }, 2],
  ]);
  expect(stacks.profileStacks()[0]?.frames).toEqual([...process('a'), ...named('main')]);
  for (let pid = 3; pid < 150; pid++) {
    add(stacks, [owner(pid, pid % 2 ? 'x' : 'y'), named('main')], 1);
    stacks = stacks.settled();
  }
  expect(stacks.isCoarse).toBe(true);
  expect(labelsOf()).toEqual([
    [{ comm: 'a', container: 'x' }, 80],
    [{ comm: 'a', container: 'y' }, 73],
  ]);
});

test('beyond so many, stacks are [other] of their process, and none is lost', () => {
  const stacks = new NamedStacks({ maxNodes: 100, maxPlaces: 1000, maxTextBytes: 1e6 });
  for (let number = 0; number < 200; number++) add(stacks, [process('a'), named(`f${number}`)], 1);
  add(stacks, [process('a'), named('f0')], 1);
  expect(total(stacks)).toBe(201);
  expect(foldedOf(stacks)).toContain('a;f0 2');
  expect(foldedOf(stacks)).toContain(`a;[other] ${stacks.otherSamples}`);
  expect(stacks.profileStacks().length).toBeLessThanOrEqual(101);
});

test('whatever is added, it takes so much memory', () => {
  let stacks = new NamedStacks({ maxNodes: 4096, maxPlaces: 4096, maxTextBytes: 256 * 1024 });
  const long = 'x'.repeat(4096);
  for (let n = 0; n < 30_000; n++) {
    const name = n % 10 === 0 ? `${long}${n}` : `f${n}`;
    add(stacks, [process(`${n % 500}`), at(name, BigInt(n)), at('leaf', BigInt(n))], 1);
    if (n % 100 === 0) stacks = stacks.settled();
  }
  expect(total(stacks)).toBe(30_000);
  expect(stacks.byteLength).toBeLessThan(1024 * 1024);
});
