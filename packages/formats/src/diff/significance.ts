/**
 * Whether a change says anything. Two recordings of the same work differ too, because samples are
 * taken at random moments. The scripts in pictures of a difference use this function's source text,
 * so nothing in it may refer to anything outside it (types excepted).
 */
import type { Change } from './differences.ts';

/**
 * In standard errors: beyond 3 either way, chance is a poor explanation even among hundreds of
 * functions.
 */
export const CHANCE = 3;

export type Significance = ReturnType<typeof createSignificance>;

export function createSignificance(chance: number) {
  /** Steps of colour on either side of no change. */
  const LEVELS = 6;

  function share(count: number, of: number): number {
    return of === 0 ? 0 : count / of;
  }

  /** By how much the share of all samples grew: -1 to 1. Shares of an empty profile are 0. */
  function shareChange(change: Change, samples: Change): number {
    return share(change.after, samples.after) - share(change.before, samples.before);
  }

  /**
   * The change of share in standard errors, by the test of two proportions with a pooled variance
   * (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3). 0 where one profile is empty.
   */
  function standardErrors(change: Change, samples: Change): number {
    if (samples.before === 0 || samples.after === 0) return 0;
    const pooled = (change.before + change.after) / (samples.before + samples.after);
    const variance = pooled * (1 - pooled) * (1 / samples.before + 1 / samples.after);
    return variance > 0 ? shareChange(change, samples) / Math.sqrt(variance) : 0;
  }

  function isChance(change: Change, samples: Change): boolean {
    return Math.abs(standardErrors(change, samples)) < chance;
  }

  /**
   * How strongly a change is coloured: 1 to LEVELS where the share grew, the negative where it
   * shrank, 0 for what chance explains. `largest` is the change of share that is coloured most; the
   * root of the quotient keeps changes of a tenth of it visible.
   */
  function level(change: Change, samples: Change, largest: number): number {
    if (isChance(change, samples)) return 0;
    const growth = shareChange(change, samples);
    const strength = Math.sqrt(Math.abs(growth) / Math.max(largest, Math.abs(growth)));
    return Math.sign(growth) * Math.max(1, Math.ceil(strength * LEVELS));
  }

  /** In percentage points: +12.3, -0.45. */
  function formatChange(growth: number): string {
    const points = 100 * growth;
    const digits = Math.abs(points) < 9.995 ? 2 : 1;
    if (Math.abs(points) < 0.005) return '\u00b10';
    return `${points > 0 ? '+' : '\u2212'}${Math.abs(points).toFixed(digits)}`;
  }

  return { LEVELS, shareChange, standardErrors, isChance, level, formatChange };
}

export const significance: Significance = createSignificance(CHANCE);
export const { shareChange, standardErrors } = significance;
