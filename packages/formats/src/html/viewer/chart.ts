/**
 * Draws a call tree on a canvas of the size of its window, however high the tree is: only rows in
 * view are drawn, and of boxes thinner than a pixel only one a pixel, found by bisection.
 */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import { drawnWidth, LABEL_PADDING, labelText } from '../../flame-graph/label.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Colours } from './colours.ts';
import type { Tree } from './trees.ts';

export interface ChartView {
  tree: Tree;
  zoom: number;
  /** The box under the pointer, and where the arrow keys are; -1 for none. */
  hovered: number;
  cursor: number;
  /** 1 for each symbol that is searched for; `undefined` without a search. */
  matched: Uint8Array | undefined;
  /** Root at the bottom. */
  isUpward: boolean;
  side: Side;
}

export type Chart = ReturnType<typeof createChart>;

export function createChart(
  window: PageWindow,
  scroller: PageElement,
  canvas: PageCanvas,
  spacer: PageElement,
  colours: Colours,
  data: Pick<PageData, 'names'>,
  view: ChartView,
) {
  const ROW = 20;
  const BASELINE = 13.5;
  /** Of one frame, for drawing that can wait. */
  const DRAWING_MS = 3;
  /** Thinner boxes are drawn as one a pixel. */
  const THIN = 0.6;
  const ZOOM_MS = 180;
  const pencil = canvas.getContext('2d');
  const still = window.matchMedia('(prefers-reduced-motion: reduce)');

  let [width, height, charWidth] = [0, 0, 7];
  let font = '';
  /** Of the scroller: asking the browser has it lay out the page at once. */
  let scrollTop = 0;
  /** Height of what is scrolled. */
  let scrolled = 0;
  /** What of all samples is in view: moves on its way to a zoomed box. */
  let [left, shown] = [0, view.tree.total[0] as number];
  let isQueued = false;
  /** All rows in one frame. */
  let isWhole = false;
  /** Rows that are to be drawn yet, and the first of them. */
  let [toDraw, nextRow] = [0, 0];

  const at = (list: Float64Array | Int32Array, node: number): number => list[node] as number;

  function contentHeight(): number {
    return view.tree.rows.length * ROW;
  }

  /** Of a row's upper edge below that of the canvas. */
  function topOf(depth: number): number {
    const rows = view.tree.rows.length;
    const free = view.isUpward ? Math.max(0, height - contentHeight()) : 0;
    return free + (view.isUpward ? rows - 1 - depth : depth) * ROW - scrollTop;
  }

  function depthAt(y: number): number {
    const rows = view.tree.rows.length;
    const free = view.isUpward ? Math.max(0, height - contentHeight()) : 0;
    const index = Math.floor((y - free + scrollTop) / ROW);
    return view.isUpward ? rows - 1 - index : index;
  }

  /** The first place in a row whose box ends after `samples`. */
  function firstAfter(row: Int32Array, samples: number, from = 0): number {
    const { start, total } = view.tree;
    let [low, high] = [from, row.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const node = row[middle] as number;
      if (at(start, node) + at(total, node) > samples) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function isCaller(node: number): boolean {
    return node < view.zoom && at(view.tree.end, node) > view.zoom;
  }

  function drawBox(node: number, x: number, y: number, boxWidth: number): void {
    const { tree, matched, side } = view;
    const isMatch = matched?.[at(tree.symbol, node)] === 1;
    const isFaded = matched !== undefined && !isMatch;
    pencil.globalAlpha = isFaded ? 0.35 : isCaller(node) ? 0.6 : 1;
    pencil.fillStyle = isMatch ? colours.match() : colours.of(tree, node, side);
    pencil.fillRect(x, y, drawnWidth(boxWidth), ROW - 1);
    // Most boxes of a large profile have room for no letter.
    const name = boxWidth < charWidth ? '' : (data.names[at(tree.symbol, node)] ?? '');
    const label = labelText(name, boxWidth, charWidth);
    if (label !== '') {
      pencil.globalAlpha = isFaded ? 0.75 : 1;
      pencil.fillStyle = isFaded ? textColour : colours.boxText();
      pencil.fillText(label, x + LABEL_PADDING + 1, y + BASELINE);
    }
    if (node === view.hovered || node === view.cursor) {
      pencil.globalAlpha = 1;
      pencil.strokeStyle = textColour;
      pencil.lineWidth = node === view.cursor ? 2 : 1;
      pencil.strokeRect(x + 0.5, y + 0.5, Math.max(1, boxWidth - 1.5), ROW - 2);
    }
  }

  function drawRow(depth: number, scale: number): void {
    const { start, total, rows } = view.tree;
    const row = rows[depth] as Int32Array;
    const y = topOf(depth);
    for (let place = firstAfter(row, left); place < row.length; place++) {
      const node = row[place] as number;
      const x = (at(start, node) - left) * scale;
      if (x >= width) break;
      const end = x + at(total, node) * scale;
      if (end - x >= THIN) {
        const from = Math.max(0, x);
        drawBox(node, from, y, Math.min(width, end) - from);
      } else {
        const pixel = Math.floor(x);
        drawBox(node, pixel, y, 1);
        place = firstAfter(row, left + (pixel + 1) / scale, place + 1) - 1;
      }
    }
  }

  let textColour = '';

  /** Depths of the rows in view. */
  function inView(): [first: number, last: number] {
    const [one, other] = [depthAt(0), depthAt(height)];
    const last = Math.min(view.tree.rows.length - 1, Math.max(one, other));
    return [Math.max(0, Math.min(one, other)), last];
  }

  function preparePencil(): void {
    const ratio = window.devicePixelRatio || 1;
    pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
    pencil.font = font;
    pencil.textBaseline = 'alphabetic';
  }

  function draw(): void {
    toDraw = 0;
    preparePencil();
    pencil.clearRect(0, 0, width, height);
    const [first, last] = inView();
    for (let depth = first; depth <= last; depth++) drawRow(depth, width / shown);
    pencil.globalAlpha = 1;
  }

  /**
   * Row by row, as many as a frame has time for; each in the place of what was there. Who asks anew meanwhile has all
   * rows drawn once more, from where it is.
   */
  function drawSome(): void {
    preparePencil();
    const until = window.performance.now() + DRAWING_MS;
    const [first, last] = inView();
    const count = last - first + 1;
    toDraw = Math.min(toDraw, count);
    while (toDraw > 0) {
      if (nextRow < first || nextRow > last) nextRow = first;
      const top = topOf(nextRow);
      pencil.clearRect(0, top, width, ROW);
      drawRow(nextRow++, width / shown);
      toDraw--;
      if (window.performance.now() >= until) break;
    }
    pencil.globalAlpha = 1;
    // Rows that there were and are no more.
    const [edge, after] = [
      topOf(view.isUpward ? last : first),
      topOf(view.isUpward ? first : last),
    ];
    pencil.clearRect(0, 0, width, Math.max(0, edge));
    pencil.clearRect(0, after + ROW, width, Math.max(0, height - after - ROW));
    if (toDraw > 0 && !isQueued) queueSome();
  }

  function queueSome(): void {
    isQueued = true;
    window.requestAnimationFrame(() => {
      isQueued = false;
      if (isWhole) {
        isWhole = false;
        draw();
      } else drawSome();
    });
  }

  /** What is in view stays where it is, and looks otherwise. */
  function redraw(): void {
    toDraw = Number.POSITIVE_INFINITY;
    if (!isQueued) queueSome();
  }

  /** What is in view moves. */
  function queueDraw(): void {
    isWhole = true;
    if (!isQueued) queueSome();
  }

  function moveTo(toLeft: number, toShown: number): void {
    if (still.matches) {
      [left, shown] = [toLeft, toShown];
      queueDraw();
      return;
    }
    const [fromLeft, fromShown, began] = [left, shown, window.performance.now()];
    const { tree, zoom } = view;
    const step = (): void => {
      // Another zoom, or another tree, has taken over.
      if (view.tree !== tree || view.zoom !== zoom) return;
      const part = Math.min(1, (window.performance.now() - began) / ZOOM_MS);
      const eased = 1 - (1 - part) ** 3;
      left = fromLeft + (toLeft - fromLeft) * eased;
      shown = fromShown + (toShown - fromShown) * eased;
      draw();
      if (part < 1) window.requestAnimationFrame(step);
    };
    step();
  }

  /** The canvas stays in view: what makes the scroller scroll is the rest. */
  function placeSpacer(): void {
    spacer.style.setProperty('height', `${Math.max(0, contentHeight() - height)}px`);
    scrolled = Math.max(height, contentHeight());
  }

  scroller.addEventListener('scroll', () => {
    scrollTop = scroller.scrollTop;
    queueDraw();
  });

  function scrollTo(top: number): void {
    scrollTop = Math.max(0, Math.min(top, scrolled - height));
    scroller.scrollTop = scrollTop;
  }

  return {
    ROW,
    redraw,

    /** The tree has changed, and neither the room nor what is in view. */
    grow(): void {
      [left, shown] = [at(view.tree.start, view.zoom), at(view.tree.total, view.zoom)];
      const wasAtEnd = view.isUpward && scrollTop + height >= scrolled - 1;
      placeSpacer();
      // Fewer rows than before are scrolled less.
      if (wasAtEnd || scrollTop > scrolled - height) scrollTo(scrolled - height);
      redraw();
    },

    /** Fonts and colours, and the room there is. */
    fit(): void {
      const styles = window.getComputedStyle(scroller);
      font = `12px ${styles.getPropertyValue('--mono')}`;
      textColour = styles.getPropertyValue('--text').trim();
      // A root at the bottom stays in view when the room changes.
      scrollTop = scroller.scrollTop;
      const wasAtEnd = view.isUpward && scrollTop + height >= scrolled - 1;
      [width, height] = [scroller.clientWidth, scroller.clientHeight];
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      canvas.style.setProperty('width', `${width}px`);
      canvas.style.setProperty('height', `${height}px`);
      placeSpacer();
      if (wasAtEnd) scrollTo(scrolled - height);
      pencil.font = font;
      charWidth = pencil.measureText('0'.repeat(100)).width / 100 || 7;
      draw();
    },

    /** Shows the zoomed box over the whole width. */
    zoom(): void {
      moveTo(at(view.tree.start, view.zoom), at(view.tree.total, view.zoom));
    },

    /** Shows another tree, without a way there. */
    show(): void {
      [left, shown] = [at(view.tree.start, view.zoom), at(view.tree.total, view.zoom)];
    },

    /** Brings the root, or a box, into view. */
    reveal(node: number): void {
      const y = topOf(at(view.tree.depth, node));
      if (y < 0) scrollTo(scrollTop + y);
      else if (y + ROW > height) scrollTo(scrollTop + y + ROW - height);
      queueDraw();
    },

    /** The box at a place of the window; -1 where there is none. */
    boxAt(clientX: number, clientY: number): number {
      const edges = scroller.getBoundingClientRect();
      const row = view.tree.rows[depthAt(clientY - edges.top)];
      if (row === undefined || width === 0) return -1;
      const samples = left + ((clientX - edges.left) * shown) / width;
      const node = row[firstAfter(row, samples)];
      return node !== undefined && at(view.tree.start, node) <= samples ? node : -1;
    },

    /** Where a box is in the window. */
    placeOf(node: number): { x: number; y: number; width: number } {
      const edges = scroller.getBoundingClientRect();
      const scale = width / shown;
      const from = Math.max(0, (at(view.tree.start, node) - left) * scale);
      const to = Math.min(
        width,
        (at(view.tree.start, node) + at(view.tree.total, node) - left) * scale,
      );
      const top = edges.top + topOf(at(view.tree.depth, node));
      return { x: edges.left + from, y: top, width: Math.max(0, to - from) };
    },
  };
}
