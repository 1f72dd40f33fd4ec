// What several rounds of one measurement come to: the median, since these machines drift, and how far apart
// the rounds were.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The least and the greatest. */
export type Spread = readonly [least: number, greatest: number];

export interface Rounds {
  readonly value: number;
  readonly spread: Spread;
}

export function inRounds(values: readonly number[]): Rounds {
  return { value: median(values), spread: [Math.min(...values), Math.max(...values)] };
}
