/**
 * The page's script: reads the data, draws, and has bars, strip, table and details show the same.
 */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import { nextFrame, slices } from '@waggle/text/page/slices';
import { createChart, type View } from './chart.ts';
import { type ColourBy, coloursOf, type Theme } from './colours.ts';
import { createControls } from './controls.ts';
import { createDetails } from './details.ts';
import { createStrip } from './strip.ts';
import { createTable } from './table.ts';
import { countText, labelOf, outcomeOf, searchedText, timeText } from './texts.ts';
import { readData, type Timeline, timelineOf } from './timeline.ts';

declare const window: PageWindow;

/** Of the window, around all that there is. */
const MARGIN = 0.01;
/** Nearer nobody looks, in microseconds. */
const MIN_SPAN = 20;

async function start(timeline: Timeline): Promise<void> {
  const { document } = window;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  const length = timeline.duration - timeline.began;
  const whole = { left: timeline.began - length * MARGIN, span: length * (1 + 2 * MARGIN) };
  const view: View = {
    ...whole,
    hovered: -1,
    selected: -1,
    matched: undefined,
    onlyCritical: false,
  };
  const colours = coloursOf(timeline);
  const scroller = find('chart-scroller');
  const canvas = find('chart-canvas') as PageCanvas;
  const chart = createChart(
    window,
    scroller,
    canvas,
    find('chart-spacer'),
    timeline,
    colours,
    view,
  );
  const strip = createStrip(
    window,
    find('strip'),
    find('strip-canvas') as PageCanvas,
    timeline,
    view,
  );
  const details = createDetails(window, find('details'), timeline, colours, {
    select,
    search: (text) => controls.search(text),
  });
  const table = createTable(window, find, timeline, { select });
  let isQueued = false;
  let texts: string[] | undefined;
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

  function search(text: string): number {
    const wanted = text.trim().toLowerCase();
    view.matched = undefined;
    let count = 0;
    if (wanted !== '') {
      texts ??= Array.from({ length: timeline.count }, (_, at) => searchedText(timeline, at));
      const matched = new Uint8Array(timeline.count);
      for (const [at, each] of texts.entries())
        if (each.includes(wanted)) {
          matched[at] = 1;
          count++;
        }
      view.matched = matched;
    }
    find('result').textContent = wanted === '' ? '' : `${countText(count)} found`;
    if (controls.isTable()) table.show(view.matched);
    queueDraw();
    return count;
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
  await nextFrame(window);
  controls.showTheme();
  details.show(-1);
  await nextFrame(window);
  new window.ResizeObserver(fit).observe(scroller);
  fit();
  document.documentElement.dataset.ready = '';
}

const holder = window.document.getElementById('data');
readData(window, holder?.textContent ?? '')
  .then(async (data) => {
    await nextFrame(window);
    const timeline = await timelineOf(data, slices(window));
    await nextFrame(window);
    await start(timeline);
  })
  .catch((error: unknown) => {
    const status = window.document.getElementById('status');
    if (status !== null)
      status.textContent = `The data of this page cannot be read, it may be damaged: ${error}`;
    window.document.documentElement.dataset.failed = '';
  });
