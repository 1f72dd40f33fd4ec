/**
 * Where each frame of a call tree is drawn: whole columns, in proportion to its samples, siblings by name so
 * that a growing picture does not jump about.
 */

import type { CallNode } from '../model/call-tree.ts';

export interface Bar {
  readonly node: CallNode;
  /** From 0 on, whichever way the picture is turned. */
  readonly row: number;
  readonly x: number;
  readonly width: number;
}

/**
 * The zoomed node over all columns, its callers over all columns before it, and what it calls below.
 *
 * @param nameOf what siblings are ordered by
 */
export function layOut(
  zoomed: CallNode,
  columns: number,
  rows: number,
  nameOf: (frame: number) => string,
): Bar[] {
  const bars: Bar[] = [];
  const way: CallNode[] = [];
  for (let at = zoomed.parent; at !== undefined; at = at.parent) way.unshift(at);
  // Of a deep zoom the nearest callers are shown: the half of the rows is for what is called.
  const shown = way.slice(Math.max(way.length - Math.floor(rows / 2), 0));
  for (const [row, node] of shown.entries()) bars.push({ node, row, x: 0, width: columns });
  const place = (node: CallNode, row: number, from: number, until: number): void => {
    const x = Math.round(from);
    const width = Math.round(until) - x;
    if (width < 1 || row >= rows) return;
    bars.push({ node, row, x, width });
    // By the sum so far: parts of a column that are added up end beyond the caller.
    const edge = (samples: number) =>
      Math.min(until, from + (until - from) * (node.total > 0 ? samples / node.total : 0));
    let before = 0;
    for (const child of byName(node, nameOf)) {
      place(child, row + 1, edge(before), edge(before + child.total));
      before += child.total;
    }
  };
  place(zoomed, shown.length, 0, columns);
  return bars;
}

export function byName(node: CallNode, nameOf: (frame: number) => string): CallNode[] {
  const children = [...node.children.values()];
  if (children.length < 2) return children;
  const names = new Map(children.map(({ frame }) => [frame, nameOf(frame)]));
  return children.sort((a, b) => {
    const [one, other] = [names.get(a.frame) ?? '', names.get(b.frame) ?? ''];
    if (one === other) return a.frame - b.frame;
    return one < other ? -1 : 1;
  });
}
