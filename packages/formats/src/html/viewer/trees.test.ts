/** What the page's script works out from the packed columns, against plain counting over stacks. */
import { describe, expect, test } from 'bun:test';
import { pick, profileOf, randomOf, randomProfile } from '../../../test/random-profile.ts';
import { buildCallTree, type ComparedStack } from '../../flame-graph/call-tree.ts';
import type { Profile, ProfileFrame, ProfileStack } from '../../profile.ts';
import { type PackedTree, packTree } from '../pack.ts';
import { columnsOf, inflate } from './tree-columns.ts';
import type { Tree } from './trees.ts';
import * as trees from './trees.ts';

interface Opened {
  readonly packed: PackedTree;
  readonly tree: Tree;
  symbol(name: string): number;
  /** Names from the root to a node, without the root. */
  path(tree: Tree, node: number): string;
}

async function opened(stacks: readonly ComparedStack[], isCompared = false): Promise<Opened> {
  const packed = packTree(buildCallTree(stacks), isCompared);
  const tree = trees.treeOf(columnsOf(await inflate(packed.columns)));
  const path = (of: Tree, node: number): string => {
    const names: string[] = [];
    for (let at = node; at >= 0; at = of.parent[at] as number) {
      names.unshift(packed.names[of.symbol[at] as number] ?? '');
    }
    return names.join(';');
  };
  return { packed, tree, symbol: (name) => packed.names.indexOf(name), path };
}

const user = (name: string): ProfileFrame => ({ name, kind: 'user' });
const stack = (count: number, names: string, other = 0): ComparedStack => ({
  frames: names.split(' ').map(user),
  count,
  other,
});

function paths({ path }: Opened, tree: Tree): Record<string, number> {
  const all = Array.from(tree.total, (total, node) => [path(tree, node), total] as const);
  return Object.fromEntries(all);
}

describe('a packed tree', () => {
  test('comes back: siblings in order, sums of what is below, places from left to right', async () => {
    const page = await opened([stack(4, 'b x'), stack(2, 'b y'), stack(1, 'a'), stack(3, 'b')]);
    const { tree } = page;
    expect(paths(page, tree)).toEqual({
      all: 10,
      'all;a': 1,
      'all;b': 9,
      'all;b;x': 4,
      'all;b;y': 2,
    });
    expect([...tree.start]).toEqual([0, 0, 1, 1, 5]);
    expect([...tree.end]).toEqual([5, 2, 5, 4, 5]);
    expect(tree.rows.map((row) => [...row])).toEqual([[0], [1, 2], [3, 4]]);
  });

  test('holds counts beyond 32 bits', async () => {
    const { tree } = await opened([stack(2 ** 52 + 3, 'a'), stack(300, 'b')]);
    expect([...tree.total]).toEqual([2 ** 52 + 303, 2 ** 52 + 3, 300]);
  });

  test('of any profile: every path has the samples of the stacks that begin with it', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const profile = randomProfile(randomOf(seed), ['a', 'b', 'c', 'd']);
      const page = await opened(profile.stacks);
      const wanted = new Map<string, number>();
      const key = (frames: readonly ProfileFrame[]): string =>
        JSON.stringify(frames.map(({ name, kind, object }) => [name, kind, object ?? '']));
      for (const { frames, count } of profile.stacks) {
        if (count === 0) continue;
        for (let depth = 0; depth <= frames.length; depth++) {
          const path = key(frames.slice(0, depth));
          wanted.set(path, (wanted.get(path) ?? 0) + count);
        }
      }
      const { tree, packed } = page;
      const found = new Map<string, number>();
      for (let node = 0; node < tree.total.length; node++) {
        if (tree.total[node] === 0) continue;
        const frames: ProfileFrame[] = [];
        for (let at = node; at > 0; at = tree.parent[at] as number) {
          const symbol = tree.symbol[at] as number;
          const object = packed.objects[packed.objectOf[symbol] ?? -1] ?? '';
          const kind = packed.kinds[packed.kindOf[symbol] ?? -1] as ProfileFrame['kind'];
          frames.unshift({ name: packed.names[symbol] ?? '', kind, object });
        }
        found.set(key(frames), tree.total[node] as number);
      }
      expect(found, `seed ${seed}`).toEqual(wanted);
      for (const row of tree.rows) {
        for (let place = 1; place < row.length; place++) {
          const [left, right] = [row[place - 1] as number, row[place] as number];
          const end = (tree.start[left] as number) + (tree.total[left] as number);
          expect(tree.start[right] as number).toBeGreaterThanOrEqual(end);
        }
      }
    }
  });

  test('a quarter of a million nodes take less than five bytes each', () => {
    const random = randomOf(3);
    const stacks = Array.from(
      { length: 10_000 },
      (_, index): ProfileStack => ({
        frames: Array.from({ length: 40 }, (_unused, depth) =>
          user(depth < 8 ? `f${depth}_${index % (1 << depth)}` : `g${Math.floor(random() * 3000)}`),
        ),
        count: 1,
      }),
    );
    const tree = buildCallTree(stacks);
    expect(tree.size).toBeGreaterThan(250_000);
    expect(packTree(tree, false).columns.length).toBeLessThan(5 * tree.size);
  }, 30_000);
});

/** Samples whose stack holds a function, and those that end in it. */
function counted({ stacks }: Pick<Profile, 'stacks'>, name: string): [total: number, self: number] {
  const having = stacks.filter(({ frames }) => frames.some((frame) => frame.name === name));
  const ending = stacks.filter(({ frames }) => frames.at(-1)?.name === name);
  const sum = (of: readonly ProfileStack[]): number =>
    of.reduce((all, { count }) => all + count, 0);
  return [sum(having), sum(ending)];
}

function randomStacks(seed: number): ComparedStack[] {
  const random = randomOf(seed);
  return Array.from({ length: 30 }, () => ({
    frames: Array.from({ length: 1 + Math.floor(random() * 7) }, () =>
      user(pick(random, ['a', 'b', 'c', 'd', 'e'])),
    ),
    count: Math.floor(random() * 9),
    other: Math.floor(random() * 9),
  }));
}

describe('functions', () => {
  test('of any profile: recursion counts once, in both profiles', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const stacks = randomStacks(seed);
      const { tree, symbol, packed } = await opened(stacks, true);
      const found = trees.functionsOf(tree, packed.names.length);
      const others = stacks.map(({ frames, other = 0 }) => ({ frames, count: other }));
      for (const name of packed.names.slice(1)) {
        const at = symbol(name);
        expect([found.total[at], found.self[at]]).toEqual(counted({ stacks }, name));
        expect([found.otherTotal[at], found.otherSelf[at]]).toEqual(
          counted({ stacks: others }, name),
        );
        const matched = new Uint8Array(packed.names.length);
        matched[at] = 1;
        expect(trees.matchedSamples(tree, matched, 0)).toBe(counted({ stacks }, name)[0]);
      }
    }
  });

  test('sized by the other profile, before and after change places', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { tree } = await opened(randomStacks(seed), true);
      const swapped = trees.swapped(tree);
      expect(swapped.total).toEqual(tree.otherTotal);
      expect(swapped.otherTotal).toEqual(tree.total);
    }
  });
});

describe('sandwich', () => {
  test('callees of all calls together, the largest first; callers outwards', async () => {
    const page = await opened([
      stack(3, 'main a f x'),
      stack(5, 'main b f x'),
      stack(9, 'main b f y'),
      stack(1, 'f'),
      stack(2, 'main f x f y'),
    ]);
    const f = page.symbol('f');
    expect(paths(page, trees.calleesOf(page.tree, f))).toEqual({
      f: 20,
      'f;x': 10,
      'f;x;f': 2,
      'f;x;f;y': 2,
      'f;y': 9,
    });
    expect(paths(page, trees.callersOf(page.tree, f))).toEqual({
      f: 20,
      'f;b': 14,
      'f;b;main': 14,
      'f;a': 3,
      'f;a;main': 3,
      'f;main': 2,
    });
    const callees = trees.calleesOf(page.tree, f);
    expect(page.packed.names[callees.symbol[1] as number]).toBe('x');
  });

  test('of any profile: both sides have the samples of the function', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { tree, packed } = await opened(randomStacks(seed), true);
      const functions = trees.functionsOf(tree, packed.names.length);
      for (let symbol = 1; symbol < packed.names.length; symbol++) {
        for (const side of [trees.calleesOf(tree, symbol), trees.callersOf(tree, symbol)]) {
          expect(side.total[0]).toBe(functions.total[symbol] as number);
          expect(side.otherTotal[0]).toBe(functions.otherTotal[symbol] as number);
        }
      }
    }
  });
});

test('matches to step through: outermost ones, the largest first', async () => {
  const page = await opened([stack(3, 'a f f'), stack(5, 'b f'), stack(1, 'f a')]);
  const matched = new Uint8Array(page.packed.names.length);
  matched[page.symbol('f')] = 1;
  expect(
    trees.outermostMatches(page.tree, matched).map((node) => page.path(page.tree, node)),
  ).toEqual(['all;b;f', 'all;a;f', 'all;f']);
  expect(trees.matchedSamples(page.tree, matched, 1)).toBe(3);
});

test('a stack of 50,000 frames needs no call stack', async () => {
  const frames = Array.from({ length: 50_000 }, (_, index) => user(index % 2 === 0 ? 'a' : 'b'));
  const { tree, packed } = await opened(profileOf([{ frames, count: 2 }]).stacks);
  expect(tree.rows.length).toBe(50_001);
  expect(trees.functionsOf(tree, packed.names.length).total[1]).toBe(2);
  expect(trees.calleesOf(tree, 1).rows.length).toBe(50_000);
  expect(trees.callersOf(tree, 1).rows.length).toBe(1);
});
