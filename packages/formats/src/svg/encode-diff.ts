/**
 * Writes the difference of two profiles as a flame graph: boxes of the profile after, coloured by the
 * change of their share. What has no box because it is gone is listed under the boxes.
 */

import type { Change, FunctionChange, ProfileDiff, Totals } from '../diff/differences.ts';
import {
  CHANCE,
  canTell,
  changeLevel,
  formatChange,
  isChance,
  shareChange,
} from '../diff/significance.ts';
import { CANNOT_TELL, totalsText } from '../diff/totals-text.ts';
import { buildCallTree, type CallNode } from '../flame-graph/call-tree.ts';
import { changeShade, changeShades } from '../flame-graph/change-colours.ts';
import { comparedStacks } from '../flame-graph/compared-stacks.ts';
import type { DiffPictureOptions } from '../flame-graph/diff-picture-options.ts';
import { formatCount, formatShare } from '../value-text.ts';
import { valueUnit } from '../value-unit.ts';
import { drawPicture, MARGIN, type SvgOptions } from './picture.ts';

/** Of the functions without a box, so many are named. */
const LISTED = 15;

type Side = keyof Change;

function changeOf({ count, other }: CallNode, shown: Side): Change {
  return shown === 'after' ? { before: other, after: count } : { before: count, after: other };
}

/** The largest change of share below the root that chance does not explain. */
function largestChange(root: CallNode, samples: Totals, shown: Side): number {
  let largest = 0;
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const change = changeOf(node, shown);
    if (!isChance(change, samples)) {
      largest = Math.max(largest, Math.abs(shareChange(change, samples)));
    }
    for (let child = node.firstChild; child !== undefined; child = child.nextSibling) {
      open.push(child);
    }
  }
  return largest;
}

function legend(largest: number, totals: Totals): string {
  const shrunk = `shrank, up to ${formatChange(-largest)} points`;
  const grown = `grew, up to ${formatChange(largest)} points`;
  const swatchesAt = MARGIN + shrunk.length * 6.4 + 8;
  const swatches = changeShades.map(
    ({ className }, index) =>
      `<rect class="${className}" x="${swatchesAt + index * 13}" y="65" width="13" height="12"/>`,
  );
  const grownAt = swatchesAt + changeShades.length * 13 + 8;
  return (
    '<g class="legend"><title>Change of the share of all samples, in percentage points; ' +
    `${canTell(totals) ? 'grey where chance explains it' : CANNOT_TELL}</title>` +
    `<text class="muted" x="${MARGIN}" y="75">${shrunk}</text>${swatches.join('')}` +
    `<text class="muted" x="${grownAt}" y="75">${grown}</text></g>`
  );
}

function subtitleOf({ totals, type }: ProfileDiff, shown: Side, omitted: number): string {
  return [
    totalsText(totals, type),
    `widths: share ${shown}`,
    'colours: change of share',
    canTell(totals) ? `grey: below ${CHANCE} standard errors` : CANNOT_TELL,
    ...(omitted > 0 ? [`${formatCount(omitted)} narrow boxes not drawn`] : []),
  ].join(' \u00b7 ');
}

/** Functions that the profile that is shown has no box for, the largest first. */
function withoutBox({ functions, totals }: ProfileDiff, shown: Side): string[] {
  const other = shown === 'after' ? 'before' : 'after';
  const missing = functions
    .filter(({ total }) => total[shown] === 0 && total[other] > 0)
    .sort((a, b) => b.total[other] - a.total[other]);
  if (missing.length === 0) return [];
  const share = (count: number): string => formatShare(count, totals[other]);
  const line = ({ frame, self, total }: FunctionChange): string =>
    `${share(total[other]).padStart(8)} total ${share(self[other]).padStart(8)} self  ${frame.name}`;
  const own = missing.reduce((sum, { self }) => sum + self[other], 0);
  const sure = missing.filter(({ total }) => !isChance(total, totals));
  const beyond = ` (${formatCount(sure.length)} beyond chance)`;
  const noun = missing.length === 1 ? 'function' : 'functions';
  return [
    `${shown === 'after' ? 'Gone' : 'New'}: ${formatCount(missing.length)} ${noun}` +
      `${canTell(totals) ? beyond : ''}, in which ${share(own)} ` +
      `of the samples ${other} ended`,
    ...missing.slice(0, LISTED).map(line),
    ...(missing.length > LISTED ? [`   and ${formatCount(missing.length - LISTED)} more`] : []),
  ];
}

/**
 * The difference as one self-contained SVG document.
 *
 * @throws RangeError when an option is out of range.
 */
export function encodeSvgDiff(
  diff: ProfileDiff,
  options: SvgOptions & DiffPictureOptions = {},
): string {
  const { totals, type } = diff;
  const shown = options.sizeBy ?? 'after';
  const tree = buildCallTree(comparedStacks(diff, shown));
  const largest = largestChange(tree.root, totals, shown);
  return drawPicture(
    {
      title: options.title ?? 'What changed',
      subtitle: (omitted) => subtitleOf(diff, shown, omitted),
      tree,
      legend: legend(largest, totals),
      unit: valueUnit(type),
      shadeOf: (node) => changeShade(changeLevel(changeOf(node, shown), totals, largest)).className,
      footer: withoutBox(diff, shown),
      compared: { ...totals, shown },
      shades: changeShades,
    },
    options,
  );
}
