/** In which order processes are listed, and what stands before them in a tree. */

import type { ProcessRow } from '../model/process-row.ts';

export const SORTS = ['cpu', 'memory', 'execs', 'age', 'pid'] as const;
export type Sort = (typeof SORTS)[number];

export interface ListedProcess {
  readonly row: ProcessRow;
  /** Lines of the tree, `│ ├─`. */
  readonly branch: string;
  /** So many below it are not shown. */
  readonly hidden: number;
}

/** Lines in their order. Of thousands those are made that are looked at. */
export interface ProcessLines {
  readonly length: number;
  at(index: number): ListedProcess | undefined;
  /** -1 where it is not among them. */
  indexOf(pid: number): number;
}

/**
 * The more, the further up.
 * @param sampledPercent of one CPU, by samples: for those whose accounting is not known
 */
export function weightBy(
  sort: Sort,
  now: number,
  sampledPercent: (pid: number) => number,
): (row: ProcessRow) => number {
  return (row) => {
    switch (sort) {
      case 'cpu':
        return Math.max(row.cpuPercent, sampledPercent(row.pid));
      case 'memory':
        return row.rssBytes;
      case 'execs':
        return row.execsPerSecond(now);
      // The youngest first: what has just started is what one looks for.
      case 'age':
        return row.bornAt;
      case 'pid':
        return -row.pid;
    }
  };
}

export function compareBy(
  weightOf: (row: ProcessRow) => number,
): (a: ProcessRow, b: ProcessRow) => number {
  return (a, b) =>
    Number(b.pinned) - Number(a.pinned) || weightOf(b) - weightOf(a) || a.pid - b.pid;
}

export function listed(
  rows: readonly ProcessRow[],
  weightOf: (row: ProcessRow) => number,
): ProcessLines {
  const weights = Float64Array.from(rows, weightOf);
  const order = Uint32Array.from(rows.keys());
  order.sort((a, b) => {
    const one = rows[a] as ProcessRow;
    const other = rows[b] as ProcessRow;
    const byWeight = (weights[b] as number) - (weights[a] as number);
    return Number(other.pinned) - Number(one.pinned) || byWeight || one.pid - other.pid;
  });
  const rowAt = (index: number): ProcessRow | undefined => rows[order[index] ?? -1];
  return {
    length: rows.length,
    at(index) {
      const row = rowAt(index);
      return row && { row, branch: '', hidden: 0 };
    },
    indexOf: (pid) => order.findIndex((at) => rows[at]?.pid === pid),
  };
}

export function treeLines(lines: readonly ListedProcess[]): ProcessLines {
  return {
    length: lines.length,
    at: (index) => lines[index],
    indexOf: (pid) => lines.findIndex(({ row }) => row.pid === pid),
  };
}

/** Deeper ones are drawn as deep as this: what a command is has its room, and no chain of thousands takes it. */
const DEEPEST = 20;

/**
 * Families together; of each the members by `compare`, and families by their best member. Every row is there once,
 * whatever their pids say: one that has ended may have that of a living one, and of two each may have the other's
 * for its parent's, where pids are used again.
 */
export function asTree(
  rows: readonly ProcessRow[],
  compare: (a: ProcessRow, b: ProcessRow) => number,
  isCollapsed: (pid: number) => boolean,
): ListedProcess[] {
  const children = childrenOf(rows);
  const best = new Map<ProcessRow, ProcessRow>();
  const sizes = new Map<ProcessRow, number>();
  const ordered = (members: readonly ProcessRow[]) =>
    [...members].sort((a, b) => compare(best.get(a) ?? a, best.get(b) ?? b) || a.pid - b.pid);
  const fromTop = downwards(rows, children);
  for (const { row } of fromTop.toReversed()) {
    let first = row;
    let size = 1;
    for (const child of children.get(row) ?? []) {
      const candidate = best.get(child) ?? child;
      if (compare(candidate, first) < 0) first = candidate;
      size += sizes.get(child) ?? 1;
    }
    best.set(row, first);
    sizes.set(row, size);
  }
  const lines: ListedProcess[] = [];
  const roots = fromTop.filter(({ isRoot }) => isRoot).map(({ row }) => row);
  const open = ordered(roots)
    .toReversed()
    .map((row) => ({ row, branch: '', indent: '' }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { row, branch, indent } = next;
    const collapsed = isCollapsed(row.pid);
    lines.push({ row, branch, hidden: collapsed ? (sizes.get(row) ?? 1) - 1 : 0 });
    if (collapsed) continue;
    const members = ordered(children.get(row) ?? []);
    for (const [index, child] of members.toReversed().entries()) {
      const isLast = index === 0;
      const deeper = indent.length < 2 * DEEPEST;
      open.push({
        row: child,
        branch: `${indent}${isLast ? '└─' : '├─'}`,
        indent: deeper ? `${indent}${isLast ? '  ' : '│ '}` : indent,
      });
    }
  }
  return lines;
}

/** By their parents; of two with one pid the living one is the parent. */
function childrenOf(rows: readonly ProcessRow[]): Map<ProcessRow, ProcessRow[]> {
  const byPid = new Map<number, ProcessRow>();
  for (const row of rows) {
    const other = byPid.get(row.pid);
    if (other === undefined || other.end !== undefined) byPid.set(row.pid, row);
  }
  const children = new Map<ProcessRow, ProcessRow[]>();
  for (const row of rows) {
    const parent = byPid.get(row.ppid);
    if (parent === undefined || parent === row) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [row]);
    else siblings.push(row);
  }
  return children;
}

interface Placed {
  readonly row: ProcessRow;
  readonly isRoot: boolean;
}

/** Parents before their children, which are theirs alone afterwards. Who is below nobody begins, and of a circle its oldest. */
function downwards(rows: readonly ProcessRow[], children: Map<ProcessRow, ProcessRow[]>): Placed[] {
  const placed: Placed[] = [];
  const seen = new Set<ProcessRow>();
  const place = (root: ProcessRow): void => {
    if (seen.has(root)) return;
    seen.add(root);
    placed.push({ row: root, isRoot: true });
    for (let at = placed.length - 1; at < placed.length; at++) {
      const parent = placed[at]?.row as ProcessRow;
      // What closes a circle is nobody's child.
      const below = (children.get(parent) ?? []).filter((child) => !seen.has(child));
      children.set(parent, below);
      for (const child of below) {
        seen.add(child);
        placed.push({ row: child, isRoot: false });
      }
    }
  };
  const nested = new Set([...children.values()].flat());
  for (const row of rows) if (!nested.has(row)) place(row);
  if (placed.length < rows.length)
    for (const row of [...rows].sort((a, b) => a.bornAt - b.bornAt)) place(row);
  return placed;
}
