/**
 * What has changed in the last seconds: a part of the stacks whose share is another one now than it was before.
 */

import type { CallNode } from './call-tree.ts';

/** Points of a hundred that a share has to move by; less is chance. */
const MOVED_POINTS = 4;
/** Deviations of a share of so many samples that it has to move by. */
const DEVIATIONS = 3;
/** With fewer samples in the last seconds nothing is said. */
const FEWEST_SAMPLES = 10;

export type Change = 'more' | 'less' | 'same';

/**
 * How a node's share of all changed.
 *
 * @param all of everything that is shown, the last seconds among it
 * @param recent the tree of the last seconds; undefined where the node is not in it
 */
export function changeOf(
  node: Pick<CallNode, 'total'>,
  all: number,
  recent: Pick<CallNode, 'total'> | undefined,
  allRecent: number,
): Change {
  const before = all - allRecent;
  if (allRecent < FEWEST_SAMPLES || before < FEWEST_SAMPLES) return 'same';
  const now = (recent?.total ?? 0) / allRecent;
  const was = Math.max(node.total - (recent?.total ?? 0), 0) / before;
  const moved = now - was;
  const mean = node.total / all;
  const chance = Math.sqrt(mean * (1 - mean) * (1 / allRecent + 1 / before));
  if (Math.abs(moved) * 100 < MOVED_POINTS || Math.abs(moved) < DEVIATIONS * chance) return 'same';
  return moved > 0 ? 'more' : 'less';
}

/** The same way in another tree, as far as it goes; undefined where it ends. */
export function sameNode(root: CallNode, path: readonly number[]): CallNode | undefined {
  let node: CallNode | undefined = root;
  for (const frame of path) node = node?.children.get(frame);
  return node;
}
