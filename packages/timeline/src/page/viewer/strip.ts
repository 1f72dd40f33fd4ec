/** Above the bars: the time axis, and how many processes were at work over it. */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import type { View } from './chart.ts';
import { timeText } from './texts.ts';
import type { Timeline } from './timeline.ts';

const AXIS = 18;
const TICK_PX = 110;
const TEN_SECONDS = 1e7;
/** Of time beyond that, in microseconds: seconds, minutes, hours, days. */
const SPANS = [15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800].map(
  (seconds) => seconds * 1e6,
);

export function createStrip(
  window: PageWindow,
  place: PageElement,
  canvas: PageCanvas,
  first: Timeline,
  view: View,
) {
  let { work } = first;
  const pencil = canvas.getContext('2d');
  let [width, height] = [0, 0];
  let [font, text, muted, edge, fill] = ['', '', '', '', ''];

  /** The last change at or before a time; -1 before the first. */
  function stepAt(time: number): number {
    let [low, high] = [0, work.at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((work.at[middle] as number) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  function drawWork(): void {
    const room = height - AXIS - 4;
    const scale = room / Math.max(1, work.most);
    pencil.fillStyle = fill;
    let step = stepAt(view.left);
    const perPixel = view.span / width;
    for (let x = 0; x < width; x++) {
      // The mean of the pixel, by the time that each count had of it.
      const [from, to] = [view.left + x * perPixel, view.left + (x + 1) * perPixel];
      let sum = 0;
      for (let time = from; time < to; ) {
        const next = Math.min(to, work.at[step + 1] ?? to);
        sum += (next - time) * (work.count[step] ?? 0);
        time = next;
        if (next < to) step++;
      }
      const high = (sum / perPixel) * scale;
      if (high > 0) pencil.fillRect(x, height - high, 1, high);
    }
  }

  function drawAxis(): void {
    const least = (view.span * TICK_PX) / width;
    const power = 10 ** Math.floor(Math.log10(least));
    const decimal = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least);
    const tick = (least > TEN_SECONDS ? SPANS.find((each) => each >= least) : decimal) ?? least;
    pencil.textBaseline = 'alphabetic';
    for (
      let time = Math.ceil(view.left / tick) * tick;
      time < view.left + view.span;
      time += tick
    ) {
      const x = Math.round(((time - view.left) * width) / view.span);
      pencil.fillStyle = edge;
      pencil.fillRect(x, 0, 1, height);
      pencil.fillStyle = muted;
      pencil.fillText(time === 0 ? '0' : timeText(Number(time.toPrecision(9))), x + 4, 12);
    }
    pencil.fillStyle = text;
    const most = `${work.most} at once`;
    pencil.fillText(most, width - pencil.measureText(most).width - 6, AXIS + 12);
  }

  return {
    take(next: Timeline): void {
      ({ work } = next);
    },

    draw(): void {
      const ratio = window.devicePixelRatio || 1;
      pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
      pencil.clearRect(0, 0, width, height);
      pencil.font = font;
      drawWork();
      drawAxis();
    },

    fit(): void {
      const styles = window.getComputedStyle(place);
      const property = (name: string) => styles.getPropertyValue(name).trim();
      font = `11px ${property('--sans')}`;
      [text, muted] = [property('--text'), property('--muted')];
      [edge, fill] = [property('--edge'), property('--work')];
      [width, height] = [place.clientWidth, place.clientHeight];
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      canvas.style.setProperty('width', `${width}px`);
      canvas.style.setProperty('height', `${height}px`);
    },
  };
}
