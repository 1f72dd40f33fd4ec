/** The table of `waggle diff`: the largest changes of share first. */

import {
  CANNOT_TELL,
  type Change,
  canTell,
  type FunctionChange,
  type ProfileDiff,
  shareChange,
  standardErrors,
  totalsText,
} from '@waggle/formats';
import { printable } from '@waggle/text';
import type { Palette } from '../../terminal/text.ts';
import type { DiffOptions } from './options.ts';

/** In standard errors; see standardErrors(). */
const CHANCE = 3;

export function changesTable(
  { totals, type, functions }: ProfileDiff,
  { top, total, all }: Pick<DiffOptions, 'top' | 'total' | 'all'>,
  colour: Palette,
): string {
  const of = (each: FunctionChange): Change => (total ? each.total : each.self);
  const growthOf = (each: FunctionChange): number => Math.abs(shareChange(of(each), totals));
  const changed = functions
    .filter((each) => growthOf(each) !== 0)
    .sort((a, b) => growthOf(b) - growthOf(a));
  const isKnown = canTell(totals);
  const sure = changed.filter(
    (each) => !isKnown || Math.abs(standardErrors(of(each), totals)) >= CHANCE,
  );
  const shown = (all ? changed : sure).slice(0, top);
  const lines = [
    totalsText(totals, type),
    ...(isKnown ? [] : [`${CANNOT_TELL}: the profiles do not say how many samples they have`]),
    ...(shown.length === 0
      ? [isKnown ? 'no function changed its share by more than chance explains' : 'no change']
      : [colour.bold(`${total ? ' total' : '  self'}  before   after  change  function`)]),
    ...shown.map((each) => row(each, of(each), totals, colour)),
  ];
  const hidden = changed.length - sure.length;
  if (!all && hidden > 0)
    lines.push(colour.dim(`${count(hidden)} smaller changes may be chance (--all shows them)`));
  return `${lines.join('\n')}\n`;
}

function row({ frame }: FunctionChange, change: Change, samples: Change, colour: Palette): string {
  const growth = shareChange(change, samples);
  const text = `${growth > 0 ? '+' : ''}${(100 * growth).toFixed(1)}`.padStart(7);
  const where = frame.kind === 'kernel' ? 'kernel' : frame.object?.split('/').at(-1);
  return [
    '      ',
    percent(change.before / samples.before),
    percent(change.after / samples.after),
    growth > 0 ? colour.red(text) : colour.green(text),
    `${printable(frame.name)}${where ? colour.dim(` (${printable(where)})`) : ''}`,
  ].join(' ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`.padStart(7);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
