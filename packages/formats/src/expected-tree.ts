/**
 * How large the call tree of a profile will be, without making it: what a picture of it needs. Stacks
 * that begin alike share their callers; sorted, each has as many nodes of its own as it differs from
 * the one before.
 */

import type { MemoryBudget } from './memory-budget.ts';
import { frameKey } from './merged-stacks.ts';
import type { Profile } from './profile.ts';
import { StackKeys } from './stack-keys.ts';

/** A node of svg/call-tree.ts, in bytes. */
const NODE = 112;
/** Two UTF-16 units of a key for each frame. */
const UNITS = 2;

/** @throws ProfileTooLargeError when the tree would be more than the budget has left. */
export function checkTree({ stacks }: Pick<Profile, 'stacks'>, budget: MemoryBudget): void {
  const frames = stacks.reduce((sum, stack) => sum + stack.frames.length, 0);
  // Mostly it would fit with nothing in common.
  if (frames * NODE <= budget.left) return;
  const keys = new StackKeys(stacks, frameKey);
  let nodes = 0;
  let before = '';
  for (const key of stacks.map((stack) => keys.of(stack.frames)).sort()) {
    let common = 0;
    while (common < key.length && key.charCodeAt(common) === before.charCodeAt(common)) common++;
    nodes += key.length / UNITS - Math.floor(common / UNITS);
    before = key;
  }
  budget.spend(nodes * NODE, 'the different paths of its call tree');
}
