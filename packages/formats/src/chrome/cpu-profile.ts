/**
 * Reads CPU profiles of V8: `.cpuprofile` of Chrome's DevTools and of `--cpu-prof` of Node and Bun. With
 * times each node has two values, samples and the time until the next one; that is what is shown.
 */
import type { JsonObject } from '../json-shape.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Profile, ProfileFrame, ProfileValues } from '../profile.ts';
import { SAMPLES, sampleCount } from '../values.ts';
import {
  type CallTreeNode,
  ChromeSyntaxError,
  frameOf,
  json,
  numberOf,
  stacksOf,
} from './nodes.ts';

const MICROSECONDS_PER_SECOND = 1e6;

const SAMPLES_AND_TIME: ProfileValues = {
  types: [SAMPLES, { type: 'time', unit: 'microseconds' }],
  shown: 1,
};

/** What a profile consists of, however its file holds it. */
export interface CpuProfileParts {
  readonly tree: Map<number, CallTreeNode>;
  /** The node of each sample, by its id; empty where nodes only count. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
  /** Microseconds from the beginning to the end; `undefined` when unknown. */
  readonly duration: number | undefined;
}

/** @throws ChromeSyntaxError when the object is no such profile, or one that is inconsistent. */
export function parseCpuProfile(root: JsonObject, budget: MemoryBudget): Profile {
  const tree = treeOf(root);
  const numbers = (field: string): readonly number[] =>
    root[field] === undefined
      ? []
      : json.array(root[field], field).map((each) => numberOf(each, `one of ${field}`));
  const { startTime, endTime } = root;
  // The old form has seconds, and no timeDeltas.
  const scale = root.head === undefined ? 1 : MICROSECONDS_PER_SECOND;
  const duration =
    typeof startTime === 'number' && typeof endTime === 'number'
      ? (endTime - startTime) * scale
      : undefined;
  const parts = { tree, samples: numbers('samples'), timeDeltas: numbers('timeDeltas'), duration };
  return cpuProfile(parts, budget);
}

/** @param outermost frames under every stack, as the thread's. */
export function cpuProfile(
  { tree, samples, timeDeltas, duration }: CpuProfileParts,
  budget: MemoryBudget,
  outermost: readonly ProfileFrame[] = [],
): Profile {
  const isTimed = samples.length > 0 && timeDeltas.length === samples.length;
  const nodes = samples.length > 0 ? sampled(tree, samples, timeDeltas, duration, isTimed) : tree;
  const values = isTimed ? SAMPLES_AND_TIME : undefined;
  const stacks = stacksOf(nodes, values, outermost, budget);
  const profile = { stacks, values };
  const unknown = { host: '', frequencyHz: 0, startTime: new Date(Number.NaN), lostSamples: 0 };
  return {
    ...profile,
    metadata: {
      ...unknown,
      durationSeconds: Math.max(duration ?? 0, 0) / MICROSECONDS_PER_SECOND,
      samples: sampleCount(profile) ?? 0,
    },
  };
}

function sampled(
  tree: ReadonlyMap<number, CallTreeNode>,
  samples: readonly number[],
  timeDeltas: readonly number[],
  duration: number | undefined,
  isTimed: boolean,
): Map<number, CallTreeNode> {
  const counted = new Map([...tree].map(([id, node]) => [id, { ...node, values: [0, 0] }]));
  let elapsed = 0;
  samples.forEach((id, index) => {
    const node = counted.get(id);
    if (node === undefined)
      throw new ChromeSyntaxError(`a sample names node ${id}, which is not there`);
    elapsed += timeDeltas[index] ?? 0;
    // V8 writes samples of several threads' clocks: some come before the one that they follow.
    const until = timeDeltas[index + 1] ?? (duration === undefined ? 0 : duration - elapsed);
    const [count = 0, time = 0] = node.values;
    node.values = [count + 1, time + Math.max(0, Math.round(until))];
  });
  if (isTimed) return counted;
  for (const node of counted.values()) node.values = node.values.slice(0, 1);
  return counted;
}

function treeOf(root: JsonObject): Map<number, CallTreeNode> {
  const tree = new Map<number, CallTreeNode>();
  if (root.head !== undefined) {
    addNested(json.object(root.head, 'head'), tree);
    return tree;
  }
  const children: [number, readonly unknown[]][] = [];
  json.array(root.nodes, 'nodes').forEach((value, index) => {
    const node = json.object(value, `nodes[${index}]`);
    const id = numberOf(node.id, `the id of nodes[${index}]`);
    tree.set(id, {
      id,
      frame: frameOf(json.object(node.callFrame, `the callFrame of node ${id}`)),
      parent: typeof node.parent === 'number' ? node.parent : undefined,
      values: [typeof node.hitCount === 'number' ? node.hitCount : 0],
    });
    if (node.children !== undefined)
      children.push([id, json.array(node.children, `the children of node ${id}`)]);
  });
  for (const [parent, ids] of children)
    for (const id of ids) {
      const child = tree.get(numberOf(id, `a child of node ${parent}`));
      if (child === undefined)
        throw new ChromeSyntaxError(`node ${parent} has the child ${id}, which is not there`);
      child.parent = parent;
    }
  return tree;
}

/** The form before 2016: a tree of nodes that are functions themselves. */
function addNested(head: JsonObject, tree: Map<number, CallTreeNode>): void {
  const open: { node: JsonObject; parent: number | undefined }[] = [
    { node: head, parent: undefined },
  ];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { node, parent } = each;
    const id = typeof node.id === 'number' ? node.id : tree.size + 1;
    const values = [typeof node.hitCount === 'number' ? node.hitCount : 0];
    tree.set(id, { id, frame: frameOf(node), parent, values });
    for (const child of json.array(node.children ?? [], `the children of node ${id}`))
      open.push({ node: json.object(child, 'a node'), parent: id });
  }
}
