/**
 * A chart that answers: pointer, click and keys on its boxes. The page has three: all of the
 * profile, and the callers and callees of one function.
 */

import type { PageElement, PageEvent, PageWindow } from '@waggle/text/page';
import type { Chart, ChartView } from './chart.ts';
import type { Labels } from './labels.ts';
import type { Tooltip } from './tooltip.ts';

export interface PaneActions {
  /** A box fills the view now; not called for what the page itself asks for. */
  zoomed(node: number): void;
  /** A box is pointed at or walked to; -1 for none. */
  described(node: number): void;
  /** A box's function is to be looked at. */
  picked(symbol: number): void;
}

export type Pane = ReturnType<typeof createPane>;

export function createPane(
  window: PageWindow,
  scroller: PageElement,
  chart: Chart,
  view: ChartView,
  labels: Labels,
  tooltip: Tooltip,
  actions: PaneActions,
) {
  function describe(node: number, x: number, y: number): void {
    if (node < 0) tooltip.hide();
    else {
      const name = labels.nameOf(view.tree, node);
      tooltip.show(name, labels.ofBox(view.tree, node, view.zoom, view.side), x, y);
    }
    actions.described(node);
  }

  function zoomTo(node: number): void {
    view.zoom = node;
    view.cursor = -1;
    chart.zoom();
  }

  function zoomByUser(node: number): void {
    if (node < 0 || node === view.zoom) return;
    zoomTo(node);
    actions.zoomed(node);
  }

  function isAround(outer: number, inner: number): boolean {
    return outer <= inner && (view.tree.end[outer] as number) > inner;
  }

  function isInView(node: number): boolean {
    return isAround(view.zoom, node) || isAround(node, view.zoom);
  }

  /** The widest callee, or the one on the way to what is zoomed. */
  function calleeOf(node: number): number {
    const { end, total } = view.tree;
    let widest = -1;
    const last = end[node] as number;
    for (let callee = node + 1; callee < last; callee = end[callee] as number) {
      if (isAround(callee, view.zoom)) return callee;
      const samples = total[callee] as number;
      if (samples > 0 && (widest < 0 || samples > (total[widest] as number))) widest = callee;
    }
    return widest;
  }

  function neighbourOf(node: number, step: 1 | -1): number {
    const row = view.tree.rows[view.tree.depth[node] as number] as Int32Array;
    const next = row[row.indexOf(node) + step];
    return next !== undefined && isInView(next) ? next : -1;
  }

  function moveCursor(key: string): void {
    const from = view.cursor;
    const towardsCallee = view.isUpward ? 'ArrowUp' : 'ArrowDown';
    let next = view.zoom;
    if (from >= 0) {
      if (key === 'ArrowLeft') next = neighbourOf(from, -1);
      else if (key === 'ArrowRight') next = neighbourOf(from, 1);
      else if (key === towardsCallee) next = calleeOf(from);
      else next = view.tree.parent[from] as number;
    }
    view.cursor = next < 0 ? from : next;
    chart.reveal(view.cursor);
    const { x, y } = chart.placeOf(view.cursor);
    describe(view.cursor, x, y + chart.ROW - 8);
  }

  function onKey(event: PageEvent): void {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (key.startsWith('Arrow')) moveCursor(key);
    else if (key === 'Enter' || key === ' ') zoomByUser(Math.max(view.cursor, 0));
    else if (key === 'Backspace') zoomByUser(view.tree.parent[view.zoom] as number);
    else if (key === 's' && view.cursor > 0) {
      actions.picked(view.tree.symbol[view.cursor] as number);
    } else return;
    event.preventDefault();
  }

  function hover(node: number): void {
    if (view.hovered === node) return;
    view.hovered = node;
    scroller.style.setProperty('cursor', node < 0 ? 'default' : 'pointer');
    chart.redraw();
  }

  scroller.addEventListener('pointermove', (event) => {
    const node = chart.boxAt(event.clientX, event.clientY);
    hover(node);
    describe(node, event.clientX, event.clientY);
  });
  scroller.addEventListener('pointerleave', () => {
    hover(-1);
    describe(-1, 0, 0);
  });
  scroller.addEventListener('click', (event) => {
    const node = chart.boxAt(event.clientX, event.clientY);
    if (node < 0) return;
    if (event.shiftKey) actions.picked(view.tree.symbol[node] as number);
    else zoomByUser(node);
  });
  scroller.addEventListener('keydown', onKey);
  scroller.addEventListener('blur', () => {
    if (view.cursor < 0) return;
    view.cursor = -1;
    describe(-1, 0, 0);
    chart.redraw();
  });
  new window.ResizeObserver(() => {
    if (scroller.clientWidth > 0) chart.fit();
  }).observe(scroller);

  return {
    zoomTo,

    /** The same tree, grown: what is in view stays there. */
    update(tree: ChartView['tree'], zoom: number): void {
      view.tree = tree;
      view.zoom = zoom;
      view.cursor = -1;
      view.hovered = -1;
      tooltip.hide();
      chart.grow();
    },

    /** Another tree, from its root. */
    show(tree: ChartView['tree'], side: ChartView['side']): void {
      view.tree = tree;
      view.side = side;
      view.zoom = 0;
      view.cursor = -1;
      view.hovered = -1;
      chart.show();
      chart.fit();
      chart.reveal(0);
    },
  };
}
