/**
 * Whether a change says anything. Two recordings of the same work differ too, because samples are
 * taken at random moments.
 */
import type { Change } from './differences.ts';

/** By how much the share of all samples grew: -1 to 1. Shares of an empty profile are 0. */
export function shareChange(change: Change, samples: Change): number {
  return share(change.after, samples.after) - share(change.before, samples.before);
}

/**
 * The change of share in standard errors, by the test of two proportions with a pooled variance
 * (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3). Beyond 3 either way, chance is a poor
 * explanation even among hundreds of functions. 0 where one profile is empty.
 */
export function standardErrors(change: Change, samples: Change): number {
  if (samples.before === 0 || samples.after === 0) return 0;
  const pooled = (change.before + change.after) / (samples.before + samples.after);
  const variance = pooled * (1 - pooled) * (1 / samples.before + 1 / samples.after);
  return variance > 0 ? shareChange(change, samples) / Math.sqrt(variance) : 0;
}

function share(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}
