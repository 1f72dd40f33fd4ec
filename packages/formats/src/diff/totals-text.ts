/** What two profiles are made of, in words. */

import type { ValueType } from '../profile.ts';
import { formatCount, formatValue } from '../value-text.ts';
import { valueUnit } from '../value-unit.ts';
import type { Totals } from './differences.ts';

/** Where the profiles do not say how many samples they are made of. */
export const CANNOT_TELL = 'whether chance explains a change cannot be told';

/** `1,000 samples before, 2,000 after`, or `12 s before (118 samples), 13 s after (129)`. */
export function totalsText({ before, after, taken }: Totals, type: ValueType): string {
  const unit = valueUnit(type);
  if (taken === undefined && unit.steps === undefined)
    return `${formatValue(before, unit)} before, ${formatCount(after)} after`;
  const samples = (side: 'before' | 'after', noun: string): string =>
    taken ? ` (${formatCount(taken[side])}${noun})` : '';
  return (
    `${formatValue(before, unit)} before${samples('before', ' samples')}, ` +
    `${formatValue(after, unit)} after${samples('after', '')}`
  );
}
