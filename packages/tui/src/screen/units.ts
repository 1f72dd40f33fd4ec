/** Numbers in few columns. */

/** A share of 100 in five columns: `  0.0`, ` 12.3`, `198.5`. */
export function percent(value: number): string {
  return value.toFixed(1).padStart(5);
}

/** `0`, `3.4`, `120`: events a second. */
export function rate(perSecond: number): string {
  if (perSecond < 0.05) return '';
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

const BLOCKS = ' ▁▂▃▄▅▆▇█';

/** The last values as a line of bars, the newest at its end. */
export function sparkline(values: readonly number[], columns: number, top: number): string {
  const shown = values.slice(-columns);
  const bars = shown.map((value) => {
    const part = top > 0 ? Math.min(value / top, 1) : 0;
    return BLOCKS[value > 0 ? Math.max(Math.round(part * 8), 1) : 0];
  });
  return bars.join('').padStart(columns);
}
