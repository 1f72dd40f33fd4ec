/**
 * Whether a change says anything. Two recordings of the same work differ too, because samples are
 * taken at random moments. Used by the table of `waggle diff`, by the encoders, and by the scripts in
 * pictures and pages.
 */
import type { Change, Totals } from './differences.ts';

/**
 * In standard errors: beyond 3 either way, chance is a poor explanation even among hundreds of
 * functions.
 */
export const CHANCE = 3;

/** Steps of colour on either side of no change. */
export const LEVELS = 6;

function share(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}

/** By how much the share of all grew: -1 to 1. Shares of an empty profile are 0. */
export function shareChange(change: Change, all: Change): number {
  return share(change.after, all.after) - share(change.before, all.before);
}

/** Where nobody knows of how many samples profiles are, nothing tells a change from chance. */
export function canTell({ taken }: Totals): boolean {
  return taken !== null;
}

/**
 * The change of share in standard errors, by the test of two proportions with a pooled variance
 * (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3). 0 where one profile is empty, or where
 * it cannot be told. What counts is the number of samples: those of a profile of times may be few.
 */
export function standardErrors(change: Change, all: Totals): number {
  const taken = all.taken === undefined ? all : all.taken;
  if (taken === null || taken.before === 0 || taken.after === 0) return 0;
  const before = share(change.before, all.before) * taken.before;
  const after = share(change.after, all.after) * taken.after;
  const pooled = (before + after) / (taken.before + taken.after);
  const variance = pooled * (1 - pooled) * (1 / taken.before + 1 / taken.after);
  return variance > 0 ? shareChange(change, all) / Math.sqrt(variance) : 0;
}

/** Whether chance explains the change: not, where it cannot be told. */
export function isChance(change: Change, all: Totals): boolean {
  return canTell(all) && Math.abs(standardErrors(change, all)) < CHANCE;
}

/**
 * How strongly a change is coloured: 1 to LEVELS where the share grew, the negative where it
 * shrank, 0 for what chance explains. `largest` is the change of share that is coloured most; the
 * root of the quotient keeps changes of a tenth of it visible.
 */
export function changeLevel(change: Change, all: Totals, largest: number): number {
  const growth = shareChange(change, all);
  if (growth === 0 || isChance(change, all)) return 0;
  const strength = Math.sqrt(Math.abs(growth) / Math.max(largest, Math.abs(growth)));
  return Math.sign(growth) * Math.max(1, Math.ceil(strength * LEVELS));
}

/** In percentage points: +12.3, -0.45. */
export function formatChange(growth: number): string {
  const points = 100 * growth;
  const digits = Math.abs(points) < 9.995 ? 2 : 1;
  if (Math.abs(points) < 0.005) return '\u00b10';
  return `${points > 0 ? '+' : '\u2212'}${Math.abs(points).toFixed(digits)}`;
}
