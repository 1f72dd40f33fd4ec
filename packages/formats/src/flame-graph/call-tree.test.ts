import { expect, test } from 'bun:test';
import { randomOf, randomProfile } from '../../test/random-profile.ts';
import type { ProfileFrame } from '../profile.ts';
import { buildCallTree, type CallNode, sortedChildren } from './call-tree.ts';

const frame = (name: string, object: string): ProfileFrame => ({ name, kind: 'user', object });

/** Without the place in it: all of a function's lines are one node. */
function functionOf({ name, kind, object }: ProfileFrame): ProfileFrame {
  return { name, kind, ...(object === undefined ? {} : { object }) };
}

function pathsOf(root: CallNode): Map<string, number> {
  const paths = new Map<string, number>();
  const visit = (node: CallNode, path: readonly ProfileFrame[]): void => {
    if (path.length > 0) paths.set(JSON.stringify(path), node.count);
    for (const child of sortedChildren(node))
      visit(child, [...path, functionOf(child.frame as ProfileFrame)]);
  };
  visit(root, []);
  return paths;
}

test('many callees, several of one name, are found again', () => {
  const callees = Array.from({ length: 60 }, (_, index) =>
    frame(`f${index % 4}`, `/lib/${Math.floor(index / 4)}`),
  );
  const stacks = [...callees, ...callees].map((callee) => ({
    // Copies: equality is by what a frame says, not by the object that says it.
    frames: [frame('main', '/bin/app'), { ...callee }],
    count: 1,
  }));
  const { root, size } = buildCallTree(stacks);
  expect(size).toBe(61);
  const main = sortedChildren(root)[0] as CallNode;
  expect(sortedChildren(main).map(({ count }) => count)).toEqual(Array(60).fill(2));
});

test('any profile: each path has the samples of the stacks that begin with it', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { stacks } = randomProfile(randomOf(seed));
    const wanted = new Map<string, number>();
    for (const { frames, count } of stacks) {
      if (count === 0) continue;
      frames.forEach((_, depth) => {
        const path = frames.slice(0, depth + 1).map(functionOf);
        const key = JSON.stringify(path);
        wanted.set(key, count + (wanted.get(key) ?? 0));
      });
    }
    const { root, size } = buildCallTree(stacks);
    expect(pathsOf(root), `seed ${seed}`).toEqual(wanted);
    expect(size).toBe(wanted.size);
  }
});
