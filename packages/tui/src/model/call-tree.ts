/**
 * Stacks merged from their roots: what a flame graph draws. Stacks come and go again, as a window moves on.
 */

import type { StackTable } from './stack-table.ts';

export interface CallNode {
  /** Of the stack table; -1 for the root. */
  readonly frame: number;
  readonly parent: CallNode | undefined;
  /** By their frames. */
  readonly children: ReadonlyMap<number, CallNode>;
  /** Samples in it and below. */
  total: number;
  /** Samples in it alone. */
  self: number;
}

/** Most nodes are leaves, which share one. */
const NO_CHILDREN: ReadonlyMap<number, CallNode> = new Map();

interface GrowingNode extends CallNode {
  parent: GrowingNode | undefined;
  children: ReadonlyMap<number, CallNode> | Map<number, CallNode>;
}

export class CallTree {
  readonly #root = newNode(-1, undefined);
  readonly #table: StackTable;
  readonly #keepsFrame: (frame: number) => boolean;

  /** @param keepsFrame which frames are in the tree; samples of the others are their callers' */
  constructor(table: StackTable, keepsFrame: (frame: number) => boolean = () => true) {
    this.#table = table;
    this.#keepsFrame = keepsFrame;
  }

  get root(): CallNode {
    return this.#root;
  }

  /** @param count negative where samples leave; what is empty then is forgotten */
  add(path: number, count: number): void {
    let node = this.#root;
    node.total += count;
    for (const frame of this.#table.framesOf(path)) {
      if (!this.#keepsFrame(frame)) continue;
      const child = (node.children.get(frame) as GrowingNode | undefined) ?? newChild(node, frame);
      child.total += count;
      // Sums of halves and quarters are exact enough for that, and those of decay come to an end.
      if (child.total < 1e-6) {
        (node.children as Map<number, CallNode>).delete(frame);
        return;
      }
      node = child;
    }
    node.self += count;
  }
}

function newNode(frame: number, parent: GrowingNode | undefined): GrowingNode {
  return { frame, parent, children: NO_CHILDREN, total: 0, self: 0 };
}

function newChild(node: GrowingNode, frame: number): GrowingNode {
  const child = newNode(frame, node);
  if (node.children === NO_CHILDREN) node.children = new Map();
  (node.children as Map<number, CallNode>).set(frame, child);
  return child;
}

/** From the largest to the smallest; equal ones by their frames, so that nothing jumps about. */
export function byWeight(node: CallNode): CallNode[] {
  return [...node.children.values()].sort((a, b) => b.total - a.total || a.frame - b.frame);
}
