/**
 * What the page says of a box, for tooltips, the status line and screen readers. As in
 * ../../svg/viewer/geometry.ts, the page's script is this function's source text: nothing in it
 * refers to anything outside it but types.
 */
import type { ChangeWords } from '../../diff/change-words.ts';
import type { Geometry } from '../../svg/viewer/geometry.ts';
import type { PageData } from '../page-data.ts';
import type { Comparison, Side } from './colours.ts';
import type { Tree } from './trees.ts';

export type Words = ReturnType<typeof createWords>;

export function createWords(
  data: PageData,
  all: number,
  geometry: Geometry,
  comparison: Comparison | undefined,
  changeWords: ChangeWords | undefined,
) {
  const { formatValue, formatShare } = geometry;

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
    if (comparison === undefined || changeWords === undefined) {
      lines.push(`${samples(total)}, ${formatShare(total, all)}`);
      const self = tree.self[node] as number;
      if (node > 0) lines.push(`self ${samples(self)}, ${formatShare(self, all)}`);
    } else lines.push(...changeWords.lines(comparison.nodeChange(tree, node, side)));
    if (zoom > 0 && node >= zoom && node < (tree.end[zoom] as number)) {
      lines.push(`${formatShare(total, tree.total[zoom] as number)} of view`);
    }
    lines.push(place(tree.symbol[node] as number));
    return lines.filter(Boolean);
  }

  return { samples, place, nameOf, ofBox };
}
