/**
 * Paths that share their beginnings, as a tree of numbers: stacks that grow and shrink by a frame at a
 * time would be as large as the square of their depth, each written out.
 */
import type { MemoryBudget } from './memory-budget.ts';

/** The end of a path. */
export interface PathNode {
  readonly parent: PathNode | undefined;
  /** The last number of the path. */
  readonly value: number;
  readonly depth: number;
  /** The child that was asked for last, which is mostly the one that is asked for next. */
  latest: PathNode | undefined;
  children: Map<number, PathNode> | undefined;
}

export class PathTree {
  /** The path of nothing. */
  readonly root: PathNode = {
    parent: undefined,
    value: 0,
    depth: 0,
    latest: undefined,
    children: undefined,
  };
  readonly #budget: MemoryBudget;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** The path that is longer by this number. */
  child(parent: PathNode, value: number): PathNode {
    const { latest } = parent;
    if (latest !== undefined && Object.is(latest.value, value)) return latest;
    const known = parent.children?.get(value);
    if (known !== undefined) {
      parent.latest = known;
      return known;
    }
    this.#budget.rows(latest === undefined ? 1 : 2, 'the different paths of its stacks');
    const child = {
      parent,
      value,
      depth: parent.depth + 1,
      latest: undefined,
      children: undefined,
    };
    if (latest !== undefined) {
      parent.children ??= new Map([[latest.value, latest]]);
      parent.children.set(value, child);
    }
    parent.latest = child;
    return child;
  }

  /** What its numbers stand for, from the root. */
  pathOf<Each>(node: PathNode, read: (value: number) => Each): Each[] {
    this.#budget.stack(node.depth);
    const path: Each[] = [];
    for (let at = node; at.parent !== undefined; at = at.parent) path.push(read(at.value));
    return path.reverse();
  }
}
