/**
 * A change in words, for the tooltips of pictures. The scripts in them use this function's source
 * text, so nothing in it may refer to anything outside it (types excepted).
 */
import type { Geometry } from '../svg/viewer/geometry.ts';
import type { ValueUnit } from '../value-unit.ts';
import type { Change, Totals } from './differences.ts';
import type { Significance } from './significance.ts';

export type ChangeWords = ReturnType<typeof createChangeWords>;

/** `all` are the samples of the two profiles, or what they measure. */
export function createChangeWords(
  geometry: Geometry,
  significance: Significance,
  all: Totals,
  unit: ValueUnit,
) {
  const { formatValue, formatShare } = geometry;

  function side(name: 'before' | 'after', change: Change): string {
    const count = change[name];
    return `${name} ${formatShare(count, all[name])} (${formatValue(count, unit)})`;
  }

  function difference(change: Change): string {
    const growth = significance.shareChange(change, all);
    if (growth === 0) return 'no change';
    const ratio = change.after / all.after / (change.before / all.before);
    const kind =
      change.before === 0
        ? 'new'
        : change.after === 0
          ? 'gone'
          : `${ratio.toFixed(ratio < 10 ? 2 : 0)} times`;
    const chance = significance.isChance(change, all) ? ', may be chance' : '';
    return `${significance.formatChange(growth)} points, ${kind}${chance}`;
  }

  /** Both shares, then the difference. */
  function lines(change: Change): string[] {
    return [side('before', change), side('after', change), difference(change)];
  }

  return { lines };
}
