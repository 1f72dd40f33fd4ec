/**
 * Functions of a call tree: how much of the samples is in each alone, and in what it calls; and of one
 * function, who calls it and what it calls.
 */

import type { CallNode, CallTree } from './call-tree.ts';
import type { StackTable } from './stack-table.ts';

export interface FunctionShare {
  readonly frame: number;
  readonly self: number;
  /** With what it calls; a function that calls itself counts once. */
  readonly total: number;
}

/** All functions of the tree, unordered. */
export function functionsOf(tree: CallTree): FunctionShare[] {
  const sums = new Map<number, { frame: number; self: number; total: number }>();
  const onPath = new Map<number, number>();
  const visit = (node: CallNode): void => {
    for (const child of node.children.values()) {
      let sum = sums.get(child.frame);
      if (sum === undefined) {
        sum = { frame: child.frame, self: 0, total: 0 };
        sums.set(child.frame, sum);
      }
      sum.self += child.self;
      const depth = onPath.get(child.frame) ?? 0;
      if (depth === 0) sum.total += child.total;
      onPath.set(child.frame, depth + 1);
      visit(child);
      onPath.set(child.frame, depth);
    }
  };
  visit(tree.root);
  return [...sums.values()];
}

/** Of functions with equal shares: by their names, so that the same samples are shown alike however they came to be. */
export function compareNames(table: StackTable, a: number, b: number): number {
  const [one, other] = [a, b].map((frame) => (frame < 0 ? '' : table.frame(frame).name));
  if (one === undefined || other === undefined || one === other) return a - b;
  return one < other ? -1 : 1;
}

export interface Neighbour {
  readonly frame: number;
  readonly count: number;
}

/** Who calls a function, and what it calls, by the samples of each; -1 where nobody does. */
export function neighboursOf(
  tree: CallTree,
  frame: number,
  table: StackTable,
): { readonly callers: Neighbour[]; readonly callees: Neighbour[]; readonly self: number } {
  const callers = new Map<number, number>();
  const callees = new Map<number, number>();
  let self = 0;
  const visit = (node: CallNode, inside: boolean): void => {
    for (const child of node.children.values()) {
      const isIt = child.frame === frame;
      if (isIt && !inside) add(callers, node.frame, child.total);
      if (isIt) {
        self += child.self;
        for (const callee of child.children.values())
          if (callee.frame !== frame || !inside) add(callees, callee.frame, callee.total);
      }
      visit(child, inside || isIt);
    }
  };
  visit(tree.root, false);
  return { callers: sorted(callers, table), callees: sorted(callees, table), self };
}

function add(sums: Map<number, number>, frame: number, count: number): void {
  sums.set(frame, (sums.get(frame) ?? 0) + count);
}

function sorted(sums: Map<number, number>, table: StackTable): Neighbour[] {
  return [...sums]
    .map(([frame, count]) => ({ frame, count }))
    .sort((a, b) => b.count - a.count || compareNames(table, a.frame, b.frame));
}
