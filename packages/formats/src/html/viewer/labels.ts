/**
 * What the page says of a box, for tooltips, the status line and screen readers.
 */

import { changeLines } from '../../flame-graph/change-text.ts';
import { formatShare, formatValue } from '../../value-text.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Comparison } from './colours.ts';
import type { Tree } from './trees.ts';

export type Labels = ReturnType<typeof createLabels>;

export function createLabels(
  data: PageData,
  all: () => number,
  comparison: Comparison | undefined,
) {
  function samples(count: number): string {
    return formatValue(count, data.unit);
  }

  function place(symbol: number): string {
    const kind = data.kinds[data.kindOf[symbol] ?? -1] ?? '';
    const object = data.objects[data.objectOf[symbol] ?? -1];
    return [kind, object].filter(Boolean).join(' \u00b7 ');
  }

  function nameOf(tree: Tree, node: number): string {
    return data.names[tree.symbol[node] as number] ?? '';
  }

  /** Lines: the counts, then where the code is. `zoom` is the box that fills the view. */
  function ofBox(tree: Tree, node: number, zoom: number, side: Side): string[] {
    const total = tree.total[node] as number;
    const lines: string[] = [];
    if (comparison === undefined) {
      lines.push(`${samples(total)}, ${formatShare(total, all())}`);
      const self = tree.self[node] as number;
      if (node > 0) lines.push(`self ${samples(self)}, ${formatShare(self, all())}`);
    } else {
      const change = comparison.nodeChange(tree, node, side);
      lines.push(...changeLines(change, comparison.samples, data.unit));
    }
    if (zoom > 0 && node >= zoom && node < (tree.end[zoom] as number)) {
      lines.push(`${formatShare(total, tree.total[zoom] as number)} of view`);
    }
    lines.push(place(tree.symbol[node] as number));
    return lines.filter(Boolean);
  }

  return { samples, place, nameOf, ofBox };
}
