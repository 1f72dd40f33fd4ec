/**
 * The view of one function: everyone who calls it above, everything it calls below. As in
 * ../../svg/viewer/geometry.ts, the page's script is this function's source text: nothing in it
 * refers to anything outside it but types.
 */
import type { Geometry } from '../../svg/viewer/geometry.ts';
import type { PageData } from '../page-data.ts';
import type { Side } from './colours.ts';
import type { PageElement, PageWindow } from './dom.ts';
import type { Pane } from './pane.ts';
import type { Tree, Trees } from './trees.ts';
import type { Words } from './words.ts';

export type Sandwich = ReturnType<typeof createSandwich>;

export function createSandwich(
  window: PageWindow,
  data: PageData,
  geometry: Geometry,
  trees: Trees,
  words: Words,
  callers: Pane,
  callees: Pane,
) {
  const find = (id: string): PageElement => window.document.getElementById(id) as PageElement;

  return {
    /** A function of a tree, or with -1 the hint to choose one. */
    show(symbol: number, tree: Tree, side: Side): void {
      find('sandwich-hint').hidden = symbol >= 0;
      find('sandwich-charts').hidden = symbol < 0;
      if (symbol < 0) return;
      find('sandwich-name').textContent = data.names[symbol] ?? '';
      const below = trees.calleesOf(tree, symbol);
      callers.show(trees.callersOf(tree, symbol), side);
      callees.show(below, side);
      const total = below.total[0] ?? 0;
      const share = `${words.samples(total)}, ${geometry.formatShare(total, tree.total[0] ?? 0)}`;
      const when = data.compared === undefined ? '' : ` ${side}`;
      const text = [`${share}${when}`, words.place(symbol)].join(' \u00b7 ');
      find('sandwich-share').textContent = text;
    },
  };
}
