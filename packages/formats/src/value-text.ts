/**
 * Numbers as people read them, the same in every locale: counts, values with their unit, shares. Used
 * by the encoders and by the scripts in pictures and pages.
 */
import type { ValueUnit } from './value-unit.ts';

/** 1234567 → 1,234,567, in every locale. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** With its unit: a count of things, or the largest unit that it is one of. */
export function formatValue(value: number, { one, many, steps }: ValueUnit): string {
  if (steps === undefined) return `${formatCount(value)} ${value === 1 ? one : many}`;
  let [count, unit] = steps[0] ?? [1, many];
  for (const step of steps) if (value >= step[0]) [count, unit] = step;
  const scaled = value / count;
  const digits = scaled >= 100 || Number.isInteger(scaled) ? 0 : scaled >= 10 ? 1 : 2;
  return `${formatCount(Number(scaled.toFixed(digits)))} ${unit}`;
}

/** Two digits after the point below 10 %, else one. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  const percent = (100 * part) / whole;
  return `${percent.toFixed(percent < 9.995 ? 2 : 1)} %`;
}
