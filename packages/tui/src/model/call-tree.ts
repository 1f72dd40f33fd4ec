/**
 * Stacks merged from their roots: what a flame graph draws. Stacks come and go again, as a window moves on.
 */

import type { StackTable } from './stack-table.ts';

export interface CallNode {
  /** Of the stack table; -1 for the root. */
  readonly frame: number;
  readonly parent: CallNode | undefined;
  readonly children: CallChildren;
  /** Samples in it and below. */
  readonly total: number;
  /** Samples in it alone. */
  readonly self: number;
}

/** What is called by a function. */
interface CallChildren {
  readonly size: number;
  get(frame: number): CallNode | undefined;
  values(): Iterable<CallNode>;
}

const NO_CHILDREN: CallChildren = new Map();

/** Most functions of a stack call one other, and a map for each would be most of what a tree takes. */
class GrowingNode implements CallNode {
  total = 0;
  self = 0;
  /** The only child, or all of them by their frames. */
  #below: GrowingNode | Map<number, GrowingNode> | undefined;

  constructor(
    readonly frame: number,
    readonly parent: GrowingNode | undefined,
  ) {}

  get children(): CallChildren {
    const below = this.#below;
    if (below === undefined) return NO_CHILDREN;
    if (below instanceof Map) return below;
    return {
      size: 1,
      get: (frame) => (frame === below.frame ? below : undefined),
      values: () => [below],
    };
  }

  /** Its child of that frame, which it has from now on. */
  child(frame: number): GrowingNode {
    const below = this.#below;
    if (below === undefined) {
      const child = new GrowingNode(frame, this);
      this.#below = child;
      return child;
    }
    if (below instanceof GrowingNode) {
      if (below.frame === frame) return below;
      const child = new GrowingNode(frame, this);
      this.#below = new Map([
        [below.frame, below],
        [frame, child],
      ]);
      return child;
    }
    let child = below.get(frame);
    if (child === undefined) {
      child = new GrowingNode(frame, this);
      below.set(frame, child);
    }
    return child;
  }

  forget(frame: number): void {
    const below = this.#below;
    if (below instanceof Map) below.delete(frame);
    if (!(below instanceof Map) || below.size === 0) this.#below = undefined;
  }
}

export class CallTree {
  readonly #root = new GrowingNode(-1, undefined);
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
      const child = node.child(frame);
      child.total += count;
      // Sums of halves and quarters are exact enough for that, and those of decay come to an end.
      if (child.total < 1e-6) {
        node.forget(frame);
        return;
      }
      node = child;
    }
    node.self += count;
  }
}
