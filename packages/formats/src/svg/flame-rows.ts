/**
 * The call tree cut into rows of boxes, root row first: which boxes are drawn, and at which sample
 * each one starts. Boxes too narrow to see are left out together with what is above them, and a
 * limit on the number of boxes keeps the file openable whatever the profile looks like.
 */
import { type CallNode, type CallTree, sortedChildren } from '../flame-graph/call-tree.ts';

export interface FlameBox {
  readonly node: CallNode;
  /** Samples to the left of the box; the box covers [start, start + node.count). */
  readonly start: number;
}

export interface FlameRows {
  readonly rows: readonly (readonly FlameBox[])[];
  /** Call tree nodes with samples but without a box. */
  readonly omitted: number;
}

export interface FlameLimits {
  /** Width of the root box, in px. */
  readonly width: number;
  /** Boxes narrower than this, in px, are left out. */
  readonly minWidth: number;
  readonly maxFrames: number;
}

function nextRow(row: readonly FlameBox[], smallest: number): FlameBox[] {
  const next: FlameBox[] = [];
  for (const { node, start } of row) {
    let position = start;
    for (const child of sortedChildren(node)) {
      if (child.count > 0 && child.count >= smallest) next.push({ node: child, start: position });
      position += child.count;
    }
  }
  return next;
}

/**
 * Keeps the `limit` largest boxes, of equal ones those nearest the root. A child is never larger
 * than its parent and never in an earlier row, so no box loses the one that it stands on.
 */
function keepLargest(rows: FlameBox[][], limit: number): FlameBox[][] {
  const counts = rows.flatMap((row) => row.map((box) => box.node.count)).sort((a, b) => b - a);
  const threshold = counts[limit - 1] ?? 0;
  let equalAllowed = limit - counts.indexOf(threshold);
  const kept = rows.map((row) =>
    row.filter(
      ({ node }) => node.count > threshold || (node.count === threshold && equalAllowed-- > 0),
    ),
  );
  return kept.filter((row) => row.length > 0);
}

export function layoutRows(tree: CallTree, limits: FlameLimits): FlameRows {
  const smallest = (limits.minWidth / limits.width) * tree.root.count;
  let rows: FlameBox[][] = [];
  let boxes = 0;
  for (
    let row: FlameBox[] = [{ node: tree.root, start: 0 }];
    // A box has a larger one under it in each row: so high up, none would be kept.
    row.length > 0 && rows.length <= limits.maxFrames;
    row = nextRow(row, smallest)
  ) {
    rows.push(row);
    boxes += row.length;
  }
  if (boxes > limits.maxFrames) {
    rows = keepLargest(rows, Math.max(1, limits.maxFrames));
    boxes = rows.reduce((sum, row) => sum + row.length, 0);
  }
  return { rows, omitted: tree.counted + 1 - boxes };
}
