/**
 * The strip above: CPU as an area and executions as bars over the kept time, with the span as a window that is
 * drawn by pointer or moved by keys.
 */

import { finder, type PageCanvas, type PageWindow } from './dom.ts';
import type { Span } from './state.ts';
import { clockText, dayText, durationText, spanText } from './texts.ts';

/** A second, or a step of more of them, as the server has it: second, cpuMs, execs, forks, exits, failures, lostEvents, lostSamples, processes. */
export type Second = readonly (number | null)[];

/** A row for each step that something is known of. */
export interface Activity {
  /** Seconds of a row. */
  readonly step: number;
  readonly seconds: readonly Second[];
  /** When nobody looked. */
  readonly gaps: readonly Gap[];
}

interface Gap extends Span {
  readonly reason: string;
}

export interface OverviewActions {
  chose(span: Span): void;
  live(): void;
  /** Shows more of time, or less, around a moment. @param factor below 1 for less */
  zoom(factor: number, around: number): void;
}

const DAY = 86_400;
/** Between two moments of the axis; longer ones are days. */
const AXIS_STEPS = [
  ...[1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400],
];
/** Between two drawings of what follows time. */
const FOLLOWS_MS = 400;
const MIN_SPAN_MS = 1000;
/** A click is no span. */
const MIN_PIXELS = 4;

export function createOverview(window: PageWindow, actions: OverviewActions) {
  const find = finder(window);
  const strip = find('strip');
  const canvas = find<PageCanvas>('strip-canvas');
  const pencil = canvas.getContext('2d');
  const seconds = new Map<number, Second>();
  let stepOfData = 1;
  let gaps: readonly Gap[] = [];
  let shown: Span = { from: Date.now() - 60_000, to: Date.now() };
  let span: Span = shown;
  let base: Span | undefined;
  let isLive = true;
  let cpus = 1;
  let canZoom = false;
  let dragFrom: number | undefined;
  let isQueued = false;
  let isSoon = false;
  /** By name; asked of the browser once for each theme, which takes it a new look at all styles. */
  let colours = new Map<string, string>();
  let [width, height] = [0, 0];

  const timeAt = (clientX: number): number => {
    const { left, width: room } = strip.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (clientX - left) / Math.max(room, 1)));
    return shown.from + part * (shown.to - shown.from);
  };
  const placeOf = (time: number): number => ((time - shown.from) / (shown.to - shown.from)) * width;

  function queueDraw(): void {
    if (isQueued) return;
    isQueued = true;
    window.requestAnimationFrame(() => {
      isQueued = false;
      draw();
    });
  }

  /** Of what moves with time: a second is a pixel or less. */
  function drawSoon(): void {
    if (isSoon || isQueued) return;
    isSoon = true;
    window.setTimeout(() => {
      isSoon = false;
      queueDraw();
    }, FOLLOWS_MS);
  }

  /** Of so many seconds as a pixel has, the mean of CPU and the sums of the rest. */
  function columns() {
    const wanted = ((shown.to - shown.from) / 1000 / Math.max(width, 1)) * 2;
    const step = stepOfData * Math.max(1, Math.ceil(wanted / stepOfData));
    const first = Math.floor(shown.from / 1000 / step) * step;
    const found: {
      at: number;
      cpu: number | null;
      execs: number;
      failures: number;
      lost: number;
    }[] = [];
    for (let at = first; at * 1000 < shown.to; at += step) {
      const column = { at, cpu: null as number | null, execs: 0, failures: 0, lost: 0 };
      let known = 0;
      for (let each = at; each < at + step; each += stepOfData) {
        const second = seconds.get(each);
        if (second === undefined) continue;
        const [, cpuMs, execs, , , failures, lostEvents, lostSamples] = second;
        if (typeof cpuMs === 'number') {
          column.cpu = (column.cpu ?? 0) + cpuMs;
          known++;
        }
        column.execs += execs ?? 0;
        column.failures += failures ?? 0;
        column.lost += (lostEvents ?? 0) + (lostSamples ?? 0);
      }
      if (column.cpu !== null) column.cpu /= known * stepOfData * 1000;
      column.execs /= step;
      found.push(column);
    }
    return { step, found };
  }

  function draw(): void {
    const colour = (name: string): string => {
      let known = colours.get(name);
      if (known === undefined) {
        known = window.getComputedStyle(strip).getPropertyValue(`--${name}`).trim();
        colours.set(name, known);
      }
      return known;
    };
    const ratio = window.devicePixelRatio || 1;
    pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
    pencil.clearRect(0, 0, width, height);
    const { step, found } = columns();
    const room = height - 16;
    drawGaps(colour('muted'), room);
    pencil.fillStyle = colour('cpu');
    for (const { at, cpu } of found) {
      if (cpu === null) continue;
      const tall = Math.min(1, cpu / cpus) * room;
      const x = placeOf(at * 1000);
      pencil.fillRect(x, room - tall, Math.max(1, placeOf((at + step) * 1000) - x), tall);
    }
    const most = Math.max(1, ...found.map(({ execs }) => execs));
    for (const { at, execs, failures, lost } of found) {
      const x = placeOf(at * 1000);
      const wide = Math.max(1, (placeOf((at + step) * 1000) - x) * 0.4);
      if (execs > 0) {
        const tall = Math.max(2, (execs / most) * room * 0.6);
        pencil.fillStyle = colour('execs');
        pencil.fillRect(x, room - tall, wide, tall);
      }
      pencil.fillStyle = colour('failures');
      if (failures > 0) pencil.fillRect(x, room - 3, wide, 3);
      if (lost > 0) pencil.fillRect(x, 0, Math.max(2, wide * 2), 4);
    }
    drawAxis(colour('muted'), room);
    if (base !== undefined) drawWindow(base, colour('muted'), 0.18);
    drawWindow(span, colour('accent'), 0.2);
  }

  function drawAxis(colour: string, room: number): void {
    pencil.fillStyle = colour;
    pencil.font = '11px system-ui,sans-serif';
    pencil.textBaseline = 'alphabetic';
    const wanted = (shown.to - shown.from) / 1000 / Math.max(1, width / 110);
    const every =
      (AXIS_STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / DAY) * DAY) * 1000;
    // Steps of hours begin at the reader's midnight, not at that of UTC.
    const ahead = new Date(shown.to).getTimezoneOffset() * -60_000;
    const first = Math.ceil((shown.from + ahead) / every) * every - ahead;
    for (let at = first; at < shown.to; at += every) {
      pencil.fillRect(placeOf(at), room, 1, 3);
      const isMidnight = (at + ahead) % (DAY * 1000) === 0;
      const text = isMidnight ? dayText(at) : clockText(at);
      pencil.fillText(text, placeOf(at) + 3, height - 3);
    }
  }

  /** A time without an agent must not look like an idle host. */
  function drawGaps(colour: string, room: number): void {
    pencil.fillStyle = colour;
    pencil.globalAlpha = 0.35;
    for (const { from, to } of gaps) {
      const [left, right] = [placeOf(from), Math.max(placeOf(to), placeOf(from) + 2)];
      for (let x = Math.max(0, left); x < Math.min(right, width); x += 4)
        pencil.fillRect(x, 0, 1, room);
    }
    pencil.globalAlpha = 1;
  }

  function drawWindow({ from, to }: Span, colour: string, alpha: number): void {
    const [left, right] = [placeOf(from), placeOf(to)];
    pencil.fillStyle = colour;
    pencil.globalAlpha = alpha;
    pencil.fillRect(left, 0, Math.max(2, right - left), height);
    pencil.globalAlpha = 1;
    pencil.fillRect(left, 0, 1, height);
    pencil.fillRect(Math.max(left + 1, right - 1), 0, 1, height);
  }

  function fit(): void {
    colours = new Map();
    [width, height] = [strip.clientWidth, strip.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    canvas.style.setProperty('width', `${width}px`);
    canvas.style.setProperty('height', `${height}px`);
    draw();
  }

  function choose(from: number, to: number): void {
    const [first, last] = from < to ? [from, to] : [to, from];
    const length = Math.max(MIN_SPAN_MS, last - first);
    const left = Math.max(shown.from, Math.min(first, shown.to - length));
    actions.chose({ from: Math.round(left), to: Math.round(Math.min(left + length, shown.to)) });
  }

  strip.addEventListener('pointerdown', (event) => {
    dragFrom = event.clientX;
    strip.setPointerCapture(event.pointerId);
    strip.focus({ preventScroll: true });
    event.preventDefault();
  });
  strip.addEventListener('pointermove', (event) => {
    if (dragFrom === undefined || Math.abs(event.clientX - dragFrom) < MIN_PIXELS) return;
    const [from, to] = [timeAt(dragFrom), timeAt(event.clientX)].sort((a, b) => a - b);
    span = { from: from as number, to: to as number };
    queueDraw();
  });
  strip.addEventListener('pointerup', (event) => {
    if (dragFrom === undefined) return;
    const moved = Math.abs(event.clientX - dragFrom);
    const from = dragFrom;
    dragFrom = undefined;
    if (moved >= MIN_PIXELS) choose(timeAt(from), timeAt(event.clientX));
    else {
      const half = (span.to - span.from) / 2;
      const middle = timeAt(event.clientX);
      choose(middle - half, middle + half);
    }
  });
  strip.addEventListener('keydown', (event) => {
    const { key, shiftKey } = event;
    const by = Math.max(1000, (span.to - span.from) / 10) * (key === 'ArrowLeft' ? -1 : 1);
    if (key === 'Escape') actions.live();
    else if (key === 'Home') choose(shown.from, shown.from + span.to - span.from);
    else if (key === 'End') choose(shown.to - (span.to - span.from), shown.to);
    else if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
    else if (shiftKey) choose(span.from, Math.max(span.from + MIN_SPAN_MS, span.to + by));
    else choose(span.from + by, span.to + by);
    event.preventDefault();
  });
  strip.addEventListener('wheel', (event) => {
    if (!canZoom) return;
    actions.zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, timeAt(event.clientX));
    event.preventDefault();
  });
  new window.ResizeObserver(fit).observe(strip);

  return {
    fit,
    /** @param zooms a wheel shows more of time, or less */
    begin(count: number, zooms: boolean): void {
      cpus = Math.max(1, count);
      canZoom = zooms;
    },
    load(activity: Activity): void {
      seconds.clear();
      stepOfData = activity.step;
      gaps = activity.gaps;
      for (const row of activity.seconds) seconds.set(row[0] as number, row);
      queueDraw();
    },
    /** Of a span: the mean of CPU in ms a second, executions a second, what was lost, and how long nobody looked. */
    mean({ from, to }: Span) {
      let [cpuMs, known, execs, lostEvents, lostSamples] = [0, 0, 0, 0, 0];
      for (const [second, row] of seconds) {
        if ((second + stepOfData) * 1000 <= from || second * 1000 >= to) continue;
        const [, cpu] = row;
        if (typeof cpu === 'number') known += stepOfData;
        cpuMs += cpu ?? 0;
        execs += row[2] ?? 0;
        lostEvents += row[6] ?? 0;
        lostSamples += row[7] ?? 0;
      }
      const missed = gaps.reduce(
        (sum, gap) => sum + Math.max(0, Math.min(to, gap.to) - Math.max(from, gap.from)),
        0,
      );
      return {
        cpuMs: known === 0 ? undefined : cpuMs / known,
        execs: execs / Math.max(stepOfData, (to - from) / 1000),
        ...{ missed, lostEvents, lostSamples },
      };
    },
    /** All that is known is forgotten: of another process, or another run. */
    clear(): void {
      seconds.clear();
      stepOfData = 1;
      gaps = [];
    },
    add(rows: readonly Second[]): void {
      for (const row of rows) seconds.set(row[0] as number, row);
      drawSoon();
    },
    /** The last whole second before a moment. */
    latest: (until: number): Second | undefined => seconds.get(Math.floor(until / 1000) - 1),
    /** @param whole all that is kept @param chosen the span, and whether it follows what happens */
    show(whole: Span, chosen: Span, follows: boolean, compared: Span | undefined): void {
      shown = whole.to - whole.from < 60_000 ? { from: whole.to - 60_000, to: whole.to } : whole;
      const isMoved = !follows || !isLive || base !== compared;
      if (dragFrom === undefined) span = chosen;
      isLive = follows;
      base = compared;
      const oldest = Math.floor(whole.from / 1000) - stepOfData;
      for (const second of seconds.keys()) if (second < oldest) seconds.delete(second);
      strip.setAttribute('aria-valuemin', String(Math.round(shown.from / 1000)));
      strip.setAttribute('aria-valuemax', String(Math.round(shown.to / 1000)));
      strip.setAttribute('aria-valuenow', String(Math.round(span.from / 1000)));
      const length = durationText(chosen.to - chosen.from);
      strip.setAttribute(
        'aria-valuetext',
        isLive
          ? `live, the last ${length}`
          : `${spanText(chosen).replace('\u2013', 'to')}, ${length}`,
      );
      if (isMoved) queueDraw();
      else drawSoon();
    },
  };
}
