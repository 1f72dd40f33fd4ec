/** Reads sampling heap profiles of V8 (`.heapprofile`): bytes that are alive, by who allocated them. */
import type { JsonObject } from '../json-shape.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Profile, ProfileValues } from '../profile.ts';
import { type CallTreeNode, frameOf, json, numberOf, stacksOf } from './nodes.ts';

const LIVE_BYTES: ProfileValues = { types: [{ type: 'inuse_space', unit: 'bytes' }], shown: 0 };

/** @throws ChromeSyntaxError when the object is no such profile. */
export function parseHeapProfile(root: JsonObject, budget: MemoryBudget): Profile {
  const tree = new Map<number, CallTreeNode>();
  const open: { node: JsonObject; parent: number | undefined }[] = [
    { node: json.object(root.head, 'head'), parent: undefined },
  ];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const id = tree.size + 1;
    tree.set(id, {
      id,
      frame: frameOf(json.object(each.node.callFrame, 'a callFrame')),
      parent: each.parent,
      values: [numberOf(each.node.selfSize, 'a selfSize')],
    });
    for (const child of json.array(each.node.children ?? [], 'children'))
      open.push({ node: json.object(child, 'a node'), parent: id });
  }
  const startTime = new Date(Number.NaN);
  const unknown = { host: '', frequencyHz: 0, startTime, durationSeconds: 0, lostSamples: 0 };
  return {
    stacks: stacksOf(tree, LIVE_BYTES, [], budget),
    values: LIVE_BYTES,
    metadata: { ...unknown, samples: 0 },
  };
}
