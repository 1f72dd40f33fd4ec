/**
 * Draws the bars in view on a canvas of the size of its window: only lanes in view, and of bars thinner than
 * a pixel one for each run of pixels, found by bisection. So a frame costs the same for ten processes and for
 * fifty thousand.
 */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import { STATE } from '../page-data.ts';
import type { Colours } from './colours.ts';
import { labelOf } from './texts.ts';
import type { Timeline } from './timeline.ts';

/** What of the recording is in view, in microseconds. */
export interface View {
  left: number;
  span: number;
  hovered: number;
  selected: number;
  /** 1 for each process that is searched for. */
  matched: Uint8Array | undefined;
  onlyCritical: boolean;
}

const ROW = 19;
const BAR = 16;
const BASELINE = 12;
const PADDING = 4;
const MIN_LABEL = 26;
const THIN = 1.5;
const FAINT = 0.28;

export type Chart = ReturnType<typeof createChart>;

export function createChart(
  window: PageWindow,
  scroller: PageElement,
  canvas: PageCanvas,
  spacer: PageElement,
  first: Timeline,
  colours: Colours,
  view: View,
) {
  const pencil = canvas.getContext('2d');
  let timeline = first;
  let { lanes, start, end, critical, data, imageFrom, failureFrom } = timeline;
  const labels = new Map<number, string>();
  let [width, height, charWidth] = [0, 0, 7];
  let [font, text, danger, accent] = ['', '#000', '#c00', '#b4530a'];

  const labelAt = (process: number): string => {
    let label = labels.get(process);
    if (label === undefined) {
      label = labelOf(timeline, process);
      labels.set(process, label);
    }
    return label;
  };

  /** The first place in a lane whose bar ends after `time`. */
  function firstAfter(lane: Int32Array, time: number, from = 0): number {
    let [low, high] = [from, lane.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((end[lane[middle] as number] as number) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function isFaint(process: number): boolean {
    if (view.matched !== undefined) return view.matched[process] !== 1;
    return view.onlyCritical && (critical[process] as number) <= 0;
  }

  function drawLane(number: number, y: number, scale: number): void {
    const lane = lanes[number] as Int32Array;
    const right = view.left + view.span;
    /** Thin bars side by side, of one look, are one rectangle. */
    let [runFrom, runTo, runColour, runFaint] = [-1, -1, '', false];
    const flush = (): void => {
      if (runFrom < 0) return;
      pencil.globalAlpha = runFaint ? FAINT : 1;
      pencil.fillStyle = runColour;
      pencil.fillRect(runFrom, y, runTo - runFrom, BAR);
      runFrom = -1;
    };
    for (let place = firstAfter(lane, view.left); place < lane.length; place++) {
      const process = lane[place] as number;
      const begins = start[process] as number;
      if (begins >= right) break;
      const x = (begins - view.left) * scale;
      const until = ((end[process] as number) - view.left) * scale;
      if (until - x >= THIN) {
        flush();
        drawBar(process, Math.max(-2, x), y, Math.min(width + 2, until));
        drawMarks(process, y, scale);
        continue;
      }
      const pixel = Math.floor(x);
      const [colour, faint] = [colours.of(process), isFaint(process)];
      if (runFrom >= 0 && colour === runColour && faint === runFaint && pixel <= runTo)
        runTo = pixel + 1;
      else {
        flush();
        [runFrom, runTo, runColour, runFaint] = [pixel, pixel + 1, colour, faint];
      }
      // What else is in these pixels cannot be seen.
      place = firstAfter(lane, view.left + (pixel + 2) / scale, place + 1) - 1;
    }
    flush();
    if (colours.showsOutcome()) drawFailed(timeline.failedLanes[number] as Int32Array, y, scale);
  }

  /** Those too thin to be drawn by themselves, which is where they would get lost. */
  function drawFailed(failed: Int32Array, y: number, scale: number): void {
    let last = -1;
    for (let place = firstAfter(failed, view.left); place < failed.length; place++) {
      const process = failed[place] as number;
      const x = Math.floor(((start[process] as number) - view.left) * scale);
      if (x >= width) break;
      const isWide = ((end[process] as number) - (start[process] as number)) * scale >= THIN;
      if (isWide || x <= last) continue;
      pencil.globalAlpha = isFaint(process) ? FAINT : 1;
      pencil.fillStyle = colours.of(process);
      pencil.fillRect(x, y, 2, BAR);
      last = x + 1;
    }
  }

  function drawBar(process: number, x: number, y: number, until: number): void {
    const faint = isFaint(process);
    const wide = Math.max(1, until - x - (until - x > 4 ? 1 : 0));
    pencil.globalAlpha = faint ? FAINT : 1;
    pencil.fillStyle = colours.of(process);
    pencil.fillRect(x, y, wide, BAR);
    if (view.onlyCritical && !faint) {
      pencil.fillStyle = accent;
      pencil.fillRect(x, y + BAR - 2, wide, 2);
    }
    const from = Math.max(0, x);
    const room = Math.min(width, until) - from;
    if (room >= MIN_LABEL) {
      const fits = Math.floor((room - 2 * PADDING) / charWidth);
      const label = labelAt(process);
      pencil.globalAlpha = faint ? 0.6 : 1;
      pencil.fillStyle = faint || timeline.state[process] === STATE.context ? text : '#17120d';
      pencil.fillText(
        label.length <= fits ? label : `${label.slice(0, Math.max(1, fits - 1))}\u2026`,
        from + PADDING,
        y + BASELINE,
      );
    }
    if (process === view.selected || process === view.hovered) {
      pencil.globalAlpha = 1;
      pencil.strokeStyle = text;
      pencil.lineWidth = process === view.selected ? 2 : 1;
      pencil.strokeRect(x + 0.5, y + 0.5, Math.max(1, wide - 1), BAR - 1);
    }
  }

  /** A line where another image begins, a wedge where an exec failed. */
  function drawMarks(process: number, y: number, scale: number): void {
    const { images, failures } = data;
    const [firstImage, endImage] = [imageFrom[process] as number, imageFrom[process + 1] as number];
    const [firstFailed, endFailed] = [
      failureFrom[process] as number,
      failureFrom[process + 1] as number,
    ];
    if (endImage === firstImage && endFailed === firstFailed) return;
    pencil.globalAlpha = isFaint(process) ? FAINT : 0.75;
    pencil.fillStyle = '#17120d';
    let last = -4;
    for (let image = firstImage; image < endImage; image++) {
      const x = ((images.at[image] as number) - view.left) * scale;
      if (x < 0 || x > width || x - last < 3) continue;
      // The exec that made the process what it is all along says nothing.
      if (x - ((start[process] as number) - view.left) * scale < 3) continue;
      pencil.fillRect(x, y, 1, BAR);
      last = x;
    }
    if (endFailed === firstFailed) return;
    pencil.fillStyle = danger;
    pencil.globalAlpha = 1;
    last = -4;
    // A shell tries each folder of PATH: what was found after all is no failure to look at.
    const found = endImage > firstImage ? (images.at[endImage - 1] as number) : -1;
    for (let failure = firstFailed; failure < endFailed; failure++) {
      if ((failures.at[failure] as number) <= found) continue;
      const x = ((failures.at[failure] as number) - view.left) * scale;
      if (x < -4 || x > width + 4 || x - last < 3) continue;
      pencil.beginPath();
      pencil.moveTo(x - 4, y);
      pencil.lineTo(x + 4, y);
      pencil.lineTo(x, y + 7);
      pencil.fill();
      last = x;
    }
  }

  /** The canvas stays in view: what makes the scroller scroll is the rest. */
  function fitContent(): void {
    const content = lanes.length * ROW + 6;
    spacer.style.setProperty('height', `${Math.max(0, content - height)}px`);
  }

  return {
    ROW,

    take(next: Timeline): void {
      timeline = next;
      ({ lanes, start, end, critical, data, imageFrom, failureFrom } = next);
      labels.clear();
      fitContent();
    },

    draw(): void {
      const ratio = window.devicePixelRatio || 1;
      pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
      pencil.clearRect(0, 0, width, height);
      pencil.font = font;
      pencil.textBaseline = 'alphabetic';
      const top = scroller.scrollTop;
      const first = Math.max(0, Math.floor(top / ROW));
      const last = Math.min(lanes.length - 1, Math.floor((top + height) / ROW));
      for (let lane = first; lane <= last; lane++)
        drawLane(lane, lane * ROW - top, width / view.span);
      pencil.globalAlpha = 1;
    },

    /** Fonts and colours, and the room there is. */
    fit(): void {
      const styles = window.getComputedStyle(scroller);
      const property = (name: string) => styles.getPropertyValue(name).trim();
      font = `11.5px ${property('--mono')}`;
      [text, danger, accent] = [property('--text'), property('--danger'), property('--accent')];
      [width, height] = [scroller.clientWidth, scroller.clientHeight];
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      canvas.style.setProperty('width', `${width}px`);
      canvas.style.setProperty('height', `${height}px`);
      fitContent();
      pencil.font = font;
      charWidth = pencil.measureText('0'.repeat(100)).width / 100 || 7;
    },

    width: () => width,

    timeAt: (clientX: number): number =>
      view.left + ((clientX - scroller.getBoundingClientRect().left) * view.span) / (width || 1),

    /** The process at a place of the window; -1 where there is none. */
    processAt(clientX: number, clientY: number): number {
      const edges = scroller.getBoundingClientRect();
      const lane = lanes[Math.floor((clientY - edges.top + scroller.scrollTop) / ROW)];
      if (lane === undefined || width === 0) return -1;
      const slack = view.span / width;
      const time = view.left + (clientX - edges.left) * slack;
      const process = lane[firstAfter(lane, time - slack)];
      return process !== undefined && (start[process] as number) <= time + slack ? process : -1;
    },

    /** Brings a process into view. */
    reveal(process: number): void {
      const y = (timeline.lane[process] as number) * ROW;
      if (y < scroller.scrollTop) scroller.scrollTop = y;
      else if (y + ROW > scroller.scrollTop + height) scroller.scrollTop = y + ROW - height;
    },
  };
}
