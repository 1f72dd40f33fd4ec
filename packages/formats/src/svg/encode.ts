/**
 * Writes a profile as a flame graph: a complete still picture in plain SVG, for images, mail and
 * printing, with the data and the script that make it interactive where a browser opens the file.
 */

import { buildCallTree } from '../flame-graph/call-tree.ts';
import {
  amountOf,
  FRAME_KINDS,
  samplesByLeaf,
  startText,
  titleOf,
} from '../flame-graph/caption.ts';
import { legendClass, shadeClass } from '../flame-graph/palette.ts';
import type { Profile, ProfileFrame } from '../profile.ts';
import { formatCount, formatShare } from '../value-text.ts';
import { valueUnit } from '../value-unit.ts';
import { shownType } from '../values.ts';
import { drawPicture, MARGIN, px, type SvgOptions } from './picture.ts';

function subtitleOf(profile: Profile, total: number, omitted: number): string {
  const { frequencyHz, durationSeconds, lostSamples } = profile.metadata;
  const parts = [
    amountOf(profile, total),
    ...(frequencyHz > 0 ? [`${px(frequencyHz)} Hz`] : []),
    `${px(durationSeconds)} s`,
    `${formatCount(lostSamples)} lost`,
  ];
  const started = startText(profile.metadata);
  if (started !== undefined) parts.push(started);
  if (omitted > 0) parts.push(`${formatCount(omitted)} narrow boxes not drawn`);
  return parts.join(' \u00b7 ');
}

function legendOf(profile: Profile, total: number): string {
  const samples = samplesByLeaf(profile);
  let x = MARGIN;
  const entries = FRAME_KINDS.map((kind) => {
    const text = `${kind} ${formatShare(samples.get(kind) ?? 0, total)}`;
    const entry =
      `<rect class="${legendClass(kind)}" x="${x}" y="65" width="12" height="12" rx="2"/>` +
      `<text class="muted" x="${x + 17}" y="75">${text}</text>`;
    x += 30 + text.length * 6.4;
    return entry;
  });
  return `<g class="legend"><title>Samples by the kind of their last frame</title>${entries.join('')}</g>`;
}

/**
 * The flame graph as one self-contained SVG document. The same profile gives the same text.
 *
 * @throws RangeError when a count is not a whole number of samples, or an option is out of range.
 */
export function encodeSvg(profile: Profile, options: SvgOptions = {}): string {
  const tree = buildCallTree(profile.stacks);
  const shades = new Map<ProfileFrame, string>();
  return drawPicture(
    {
      title: options.title ?? titleOf(profile.metadata),
      subtitle: (omitted) => subtitleOf(profile, tree.root.count, omitted),
      tree,
      unit: valueUnit(shownType(profile)),
      legend: legendOf(profile, tree.root.count),
      shadeOf: (_, frame) => {
        const shade = shades.get(frame) ?? shadeClass(frame.kind, frame.name);
        shades.set(frame, shade);
        return shade;
      },
      footer: [],
    },
    options,
  );
}
