// The table of `waggle diff`: the largest changes of share first.

import { printable } from '@waggle/core';
import {
  type Change,
  type FunctionChange,
  type ProfileDiff,
  shareChange,
  standardErrors,
} from '@waggle/formats';
import type { Palette } from '../../terminal/text.ts';
import type { DiffOptions } from './options.ts';

/** In standard errors; see standardErrors(). */
const CHANCE = 3;

export function changesTable(
  { samples, functions }: ProfileDiff,
  { top, total, all }: Pick<DiffOptions, 'top' | 'total' | 'all'>,
  colour: Palette,
): string {
  const of = (each: FunctionChange): Change => (total ? each.total : each.self);
  const changed = functions
    .filter((each) => shareChange(of(each), samples) !== 0)
    .sort((a, b) => Math.abs(shareChange(of(b), samples)) - Math.abs(shareChange(of(a), samples)));
  const sure = changed.filter((each) => Math.abs(standardErrors(of(each), samples)) >= CHANCE);
  const shown = (all ? changed : sure).slice(0, top);
  const lines = [
    `${count(samples.before)} samples before, ${count(samples.after)} after`,
    ...(shown.length === 0
      ? ['no function changed its share by more than chance explains']
      : [colour.bold(`${total ? ' total' : '  self'}  before   after  change  function`)]),
    ...shown.map((each) => row(each, of(each), samples, colour)),
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
