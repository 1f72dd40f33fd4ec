/**
 * The view of one function: everyone who calls it above, everything it calls below.
 */

import type { PageElement, PageWindow } from '@waggle/text/page';
import { formatShare } from '../../value-text.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Labels } from './labels.ts';
import type { Pane } from './pane.ts';
import { calleesOf, callersOf, type Tree } from './trees.ts';

export function createSandwich(
  window: PageWindow,
  data: PageData,
  labels: Labels,
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
      const below = calleesOf(tree, symbol);
      callers.show(callersOf(tree, symbol), side);
      callees.show(below, side);
      const total = below.total[0] ?? 0;
      const share = `${labels.samples(total)}, ${formatShare(total, tree.total[0] ?? 0)}`;
      const when = data.compared === undefined ? '' : ` ${side}`;
      const text = [`${share}${when}`, labels.place(symbol)].join(' \u00b7 ');
      find('sandwich-share').textContent = text;
    },
  };
}
