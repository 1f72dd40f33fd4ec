// In which order processes are listed, and what stands before them in a tree.

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

/** @param sampledPercent of one CPU, by samples: for those whose accounting is not known */
export function compareBy(
  sort: Sort,
  now: number,
  sampledPercent: (pid: number) => number,
): (a: ProcessRow, b: ProcessRow) => number {
  const weight = (row: ProcessRow): number => {
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
  return (a, b) => Number(b.pinned) - Number(a.pinned) || weight(b) - weight(a) || a.pid - b.pid;
}

export function listed(
  rows: readonly ProcessRow[],
  compare: (a: ProcessRow, b: ProcessRow) => number,
): ListedProcess[] {
  return [...rows].sort(compare).map((row) => ({ row, branch: '', hidden: 0 }));
}

/** Families together; of each the members by `compare`, and families by their best member. */
export function asTree(
  rows: readonly ProcessRow[],
  compare: (a: ProcessRow, b: ProcessRow) => number,
  isCollapsed: (pid: number) => boolean,
): ListedProcess[] {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const children = new Map<number, ProcessRow[]>();
  const roots: ProcessRow[] = [];
  for (const row of rows) {
    const siblings = row.ppid !== row.pid && byPid.has(row.ppid) ? children.get(row.ppid) : roots;
    if (siblings === undefined) children.set(row.ppid, [row]);
    else siblings.push(row);
  }
  const best = new Map<ProcessRow, ProcessRow>();
  const sizes = new Map<ProcessRow, number>();
  const measure = (row: ProcessRow): void => {
    let first = row;
    let size = 1;
    for (const child of children.get(row.pid) ?? []) {
      measure(child);
      const candidate = best.get(child) ?? child;
      if (compare(candidate, first) < 0) first = candidate;
      size += sizes.get(child) ?? 1;
    }
    best.set(row, first);
    sizes.set(row, size);
  };
  roots.forEach(measure);
  const ordered = (members: readonly ProcessRow[]) =>
    [...members].sort((a, b) => compare(best.get(a) ?? a, best.get(b) ?? b) || a.pid - b.pid);
  const lines: ListedProcess[] = [];
  const draw = (row: ProcessRow, branch: string, indent: string): void => {
    const collapsed = isCollapsed(row.pid);
    lines.push({ row, branch, hidden: collapsed ? (sizes.get(row) ?? 1) - 1 : 0 });
    if (collapsed) return;
    const members = ordered(children.get(row.pid) ?? []);
    members.forEach((child, index) => {
      const last = index === members.length - 1;
      draw(child, `${indent}${last ? '└─' : '├─'}`, `${indent}${last ? '  ' : '│ '}`);
    });
  };
  for (const root of ordered(roots)) draw(root, '', '');
  return lines;
}
