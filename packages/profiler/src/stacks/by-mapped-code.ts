/**
 * The kernel counts stacks by their addresses, and hands over a quarter of a second of them at once: a
 * plugin that is closed meanwhile, and another that is opened where it was, are one stack there. How many
 * of its samples either had is not known, only when the first and the last were taken: they are divided as
 * if they had come at equal distances.
 */

import type { AddressSpaces, ProgramImage } from '../mappings/address-spaces.ts';
import type { MappedObject } from '../mappings/image-mappings.ts';
import { isInterpreted } from '../sampling/frame-words.ts';
import type { StackCount } from '../sampling/stack-count.ts';

type Spaces = Pick<AddressSpaces, 'imageAt'>;

/**
 * The stack, or where other code was mapped at one of its addresses meanwhile, the parts of it, oldest first.
 * Their counts and weights add up to those of the stack.
 */
export function byMappedCode(stack: StackCount, spaces: Spaces): readonly StackCount[] {
  if (stack.firstTime === stack.lastTime || stack.number !== undefined) return [stack];
  const image = spaces.imageAt(stack.pid, stack.lastTime);
  // As a rule: what a program maps, it maps once.
  if (image === undefined || image.mappings.changedAt <= stack.firstTime) return [stack];
  const changes = changesWithin(stack, image);
  return changes.length === 0 ? [stack] : partsOf(stack, changes);
}

/** Moments of which each has other code than the one before, in order. */
function changesWithin({ user, firstTime, lastTime }: StackCount, image: ProgramImage): bigint[] {
  const changes = new Set<bigint>();
  for (const address of new Set(user)) {
    if (isInterpreted(address)) continue;
    let now = image.mappings.find(address, lastTime);
    while (now !== undefined && now.since > firstTime) {
      const before = image.mappings.find(address, now.since - 1n);
      if (before === undefined) break;
      if (!isSameCode(before, now)) changes.add(now.since);
      now = before;
    }
  }
  return [...changes].sort((a, b) => (a < b ? -1 : 1));
}

function isSameCode(one: MappedObject, other: MappedObject): boolean {
  // Code that is generated changes within its mapping as well: whoever looks up its names sees to that.
  if (one.inode === 0n && other.inode === 0n) return true;
  const sameFile =
    one.object !== undefined && other.object !== undefined
      ? one.object === other.object
      : one.path === other.path && one.inode === other.inode;
  return sameFile && one.start - one.fileOffset === other.start - other.fileOffset;
}

function partsOf(stack: StackCount, changes: readonly bigint[]): StackCount[] {
  const { count, weight, firstTime, lastTime } = stack;
  // The first and the last of them are known.
  const between = Math.max(count - 2, 0);
  const parts: StackCount[] = [];
  let from = { time: firstTime, count: 0, weight: 0 };
  const end = { time: lastTime + 1n, count, weight };
  const cuts = changes.map((time) => {
    const share = Number(time - firstTime) / Number(lastTime - firstTime);
    return {
      time,
      count: Math.min(count, 1 + Math.round(between * share)),
      weight: Math.round(weight * share),
    };
  });
  for (const to of [...cuts, end]) {
    const part: StackCount = {
      ...stack,
      count: to.count - from.count,
      weight: to.weight - from.weight,
      firstTime: from.time,
      lastTime: to.time - 1n,
    };
    if (part.count > 0 || part.weight > 0) parts.push(part);
    from = to;
  }
  return parts;
}
