/**
 * The page: draws, and has bars, strip, table and details show the same. A page that follows a host is given another
 * timeline from time to time, and what is chosen, searched and zoomed in it stays.
 */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import { nextFrame, type Pause } from '@waggle/text/page/slices';
import { createChart, type View } from './chart.ts';
import { type ColourBy, createColours, type Theme } from './colours.ts';
import { createControls } from './controls.ts';
import { createDetails } from './details.ts';
import { type Found, foundIn, foundInParts, searchedTexts } from './search.ts';
import { createStrip } from './strip.ts';
import { createTable } from './table.ts';
import { countText, labelOf, outcomeOf, timeText } from './texts.ts';
import type { Timeline } from './timeline.ts';

/** Of the window, around all that there is. */
const MARGIN = 0.01;
/** Nearer nobody looks, in microseconds. */
const MIN_SPAN = 20;
const US_PER_MS = 1000;
/** The first event of two timelines is known by its millisecond alone. */
const SAME_START_US = 1500;

export interface TimelinePage {
  /** Another timeline, in parts. */
  take(next: Timeline, pause: Pause): Promise<void>;
  setTheme(theme: Theme): void;
}

export async function createPage(window: PageWindow, first: Timeline): Promise<TimelinePage> {
  const { document } = window;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  let timeline = first;
  const whole = wholeOf(timeline);
  const view: View = {
    ...whole,
    hovered: -1,
    selected: -1,
    matched: undefined,
    onlyCritical: false,
  };
  const colours = createColours(timeline);
  const scroller = find('chart-scroller');
  const canvas = find('chart-canvas') as PageCanvas;
  const spacer = find('chart-spacer');
  const chart = createChart(window, scroller, canvas, spacer, timeline, colours, view);
  const stripCanvas = find('strip-canvas') as PageCanvas;
  const strip = createStrip(window, find('strip'), stripCanvas, timeline, view);
  const details = createDetails(window, find('details'), timeline, colours, {
    select,
    search: (text) => controls.search(text),
  });
  const table = createTable(window, find, timeline, { select });
  let isQueued = false;
  let texts: readonly string[] | undefined;
  let query = '';
  let colourBy: ColourBy = 'program';
  let theme: Theme = 'light';

  function queueDraw(): void {
    if (isQueued) return;
    isQueued = true;
    window.requestAnimationFrame(() => {
      isQueued = false;
      chart.draw();
      // In a frame of its own: both together take one.
      window.requestAnimationFrame(() => strip.draw());
    });
  }

  function setView(left: number, span: number): void {
    view.span = Math.min(whole.span, Math.max(MIN_SPAN, span));
    const most = whole.left + whole.span - view.span;
    view.left = Math.min(most, Math.max(whole.left, left));
    controls.showZoomed(view.span < whole.span);
    queueDraw();
  }

  function select(process: number): void {
    view.selected = process;
    details.show(process);
    table.mark(process);
    if (process >= 0) {
      const [from, to] = [timeline.start[process] as number, timeline.end[process] as number];
      if (to < view.left || from > view.left + view.span) setView(from - view.span / 2, view.span);
      chart.reveal(process);
    }
    queueDraw();
  }

  function search(text: string): void {
    query = text.trim().toLowerCase();
    if (query !== '') texts ??= searchedTexts(timeline);
    showFound(query === '' ? undefined : foundIn(texts ?? [], query));
    if (controls.isTable()) table.show(view.matched);
    queueDraw();
  }

  function showFound(found: Found | undefined): void {
    view.matched = found?.matched;
    const text = found === undefined ? '' : `${countText(found.count)} found`;
    if (find('result').textContent !== text) find('result').textContent = text;
  }

  /** To the next match by time. */
  function step(by: 1 | -1): void {
    const { matched } = view;
    if (matched === undefined) return;
    const all = [...timeline.start.keys()]
      .filter((at) => matched[at] === 1)
      .sort((a, b) => (timeline.start[a] as number) - (timeline.start[b] as number) || a - b);
    if (all.length === 0) return;
    const from = all.indexOf(view.selected);
    select(all[(from + by + all.length) % all.length] as number);
  }

  function hover(process: number): void {
    if (process !== view.hovered) {
      view.hovered = process;
      queueDraw();
    }
    const status = find('status');
    if (process < 0) status.textContent = '';
    else {
      const took = (timeline.end[process] as number) - (timeline.start[process] as number);
      const pid = timeline.data.processes.pid[process];
      status.textContent = `${labelOf(timeline, process)} \u00b7 ${timeText(took)} \u00b7 ${outcomeOf(timeline, process)} \u00b7 pid ${pid}`;
    }
  }

  function fit(): void {
    colours.set(colourBy, theme);
    chart.fit();
    strip.fit();
    queueDraw();
  }

  const controls = createControls(window, find, {
    view,
    chart,
    setView,
    whole,
    hover,
    select,
    search,
    step,
    critical(isOn) {
      view.onlyCritical = isOn;
      queueDraw();
    },
    colourBy(by) {
      colourBy = by;
      fit();
    },
    theme(to) {
      theme = to;
      fit();
      details.recolour();
      details.show(view.selected);
    },
    showTable(isTable) {
      if (isTable) table.show(view.matched);
      else fit();
    },
    redraw: queueDraw,
  });

  async function take(next: Timeline, pause: Pause): Promise<void> {
    const asked = query;
    const found = asked === '' ? undefined : await foundInParts(next, asked, pause);
    const before = timeline;
    /** How much later the first event of the next one was. */
    const later = (next.data.beganAt - before.data.beganAt) * US_PER_MS;
    const { left, span } = view;
    const isZoomed = span < whole.span;
    timeline = next;
    texts = found?.texts;
    Object.assign(whole, wholeOf(next));
    view.hovered = -1;
    view.selected = sameProcess(before, view.selected, next, later);
    for (const part of [colours, chart, strip, details, table]) part.take(next);
    // Somebody may have searched for something else meanwhile.
    if (query === asked) showFound(found);
    else search(query);
    setView(isZoomed ? left - later : whole.left, isZoomed ? span : whole.span);
    await nextFrame(window);
    details.showAgain(view.selected);
    if (controls.isTable()) {
      await nextFrame(window);
      table.mark(view.selected);
      table.show(view.matched);
    }
  }

  await nextFrame(window);
  controls.showTheme();
  await nextFrame(window);
  new window.ResizeObserver(fit).observe(scroller);
  fit();
  document.documentElement.dataset.ready = '';
  return {
    take,
    setTheme(to) {
      document.documentElement.dataset.theme = to;
      controls.showTheme();
    },
  };
}

function wholeOf({ began, duration }: Timeline) {
  const length = duration - began;
  return { left: began - length * MARGIN, span: length * (1 + 2 * MARGIN) };
}

/** -1 where it is not there, or nothing was selected. */
function sameProcess(before: Timeline, process: number, next: Timeline, later: number): number {
  if (process < 0) return -1;
  const pid = before.data.processes.pid[process];
  const end = before.end[process] as number;
  const start = before.start[process] as number;
  return next.start.findIndex(
    (from, at) =>
      next.data.processes.pid[at] === pid &&
      // What began before either of them has its beginning cut off.
      (Math.abs(from + later - start) < SAME_START_US || (from + later <= end && from <= 0)),
  );
}
