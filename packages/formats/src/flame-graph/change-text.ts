/** A change in words, for the tooltips and status lines of pictures and pages. */
import type { Change, Totals } from '../diff/differences.ts';
import { formatChange, isChance, shareChange } from '../diff/significance.ts';
import { formatShare, formatValue } from '../value-text.ts';
import type { ValueUnit } from '../value-unit.ts';

/** Both shares, then the difference. `all` are the samples of the two profiles, or what they measure. */
export function changeLines(change: Change, all: Totals, unit: ValueUnit): string[] {
  const side = (name: 'before' | 'after'): string =>
    `${name} ${formatShare(change[name], all[name])} (${formatValue(change[name], unit)})`;
  return [side('before'), side('after'), difference(change, all)];
}

function difference(change: Change, all: Totals): string {
  const growth = shareChange(change, all);
  if (growth === 0) return 'no change';
  const chance = isChance(change, all) ? ', may be chance' : '';
  return `${formatChange(growth)} points, ${kindOf(change, all)}${chance}`;
}

function kindOf({ before, after }: Change, all: Totals): string {
  if (before === 0) return 'new';
  if (after === 0) return 'gone';
  const ratio = after / all.after / (before / all.before);
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)} times`;
}
