/**
 * Writes a profile as a flame graph: a complete still picture in plain SVG, for images, mail and
 * printing, with the data and the script that make it interactive where a browser opens the file.
 */
import type { FrameKind, Profile, ProfileMetadata } from '../profile.ts';
import { buildCallTree } from './call-tree.ts';
import { type FlameBox, type FlameRows, layoutRows } from './flame-rows.ts';
import { legendClass, shadeClass } from './palette.ts';
import { placesOf } from './source-range.ts';
import { SCOPE, styleSheet } from './style.ts';
import type { FlameData, FlameMetrics } from './viewer/data.ts';
import { createGeometry } from './viewer/geometry.ts';
import { viewerScript } from './viewer/script.ts';
import { displayText, escapeText } from './xml.ts';

export interface SvgOptions {
  /** Title of the picture; by default made of command and host. */
  readonly title?: string;
  /** Width of the still picture in px, 1200 by default; opened in a browser it fills the window. */
  readonly width?: number;
  /** Boxes narrower than this many px of `width` are left out, 0.1 by default. */
  readonly minWidth?: number;
  /** At most this many boxes, the largest ones; 20,000 by default. */
  readonly maxFrames?: number;
  /** Root at the top, leaves below (an icicle graph); `false` by default. */
  readonly inverted?: boolean;
}

// Widths of common monospace fonts are 0.55 to 0.602 em; the widest, so that no label overflows.
const METRICS: FlameMetrics = { margin: 10, header: 92, row: 18, baseline: 12.5, charWidth: 7.23 };
const BOX_HEIGHT = METRICS.row - 1;
const MAX_TITLE_LENGTH = 400;

const KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

const geometry = createGeometry();

function px(value: number): string {
  return String(Number(value.toFixed(2)));
}

function defaultTitle({ command, host }: ProfileMetadata): string {
  const subject = command === undefined || command === '' ? 'whole system' : command;
  return host === '' ? subject : `${subject} on ${host}`;
}

function subtitleOf({ metadata }: Profile, omitted: number): string {
  const { samples, frequencyHz, durationSeconds, lostSamples, startTime } = metadata;
  const parts = [
    `${geometry.formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}`,
    `${px(frequencyHz)} Hz`,
    `${px(durationSeconds)} s`,
    `${geometry.formatCount(lostSamples)} lost`,
  ];
  // A Date may be invalid, which is no reason to lose the profile.
  if (!Number.isNaN(startTime.getTime())) {
    parts.push(`${startTime.toISOString().slice(0, 19).replace('T', ' ')} UTC`);
  }
  if (omitted > 0) parts.push(`${geometry.formatCount(omitted)} narrow boxes not drawn`);
  return parts.join(' \u00b7 ');
}

/** Samples by the kind of their leaf: where the CPU was when the sample was taken. */
function samplesByLeaf(profile: Profile): Map<FrameKind, number> {
  const samples = new Map<FrameKind, number>();
  for (const { frames, count } of profile.stacks) {
    const kind = frames.at(-1)?.kind ?? 'unresolved';
    samples.set(kind, (samples.get(kind) ?? 0) + count);
  }
  return samples;
}

function legendOf(profile: Profile, total: number): string {
  const samples = samplesByLeaf(profile);
  let x = METRICS.margin;
  const entries = KINDS.map((kind) => {
    const text = `${kind} ${geometry.formatShare(samples.get(kind) ?? 0, total)}`;
    const entry =
      `<rect class="${legendClass(kind)}" x="${x}" y="65" width="12" height="12" rx="2"/>` +
      `<text class="muted" x="${x + 17}" y="75">${text}</text>`;
    x += 30 + text.length * 6.4;
    return entry;
  });
  return `<g class="legend"><title>Samples by the kind of their last frame</title>${entries.join('')}</g>`;
}

/** Names once each, numbers for the boxes. */
function dataOf({ rows }: FlameRows): FlameData {
  const symbols: [string, string, number][] = [];
  const objects: string[] = [];
  const objectIndex = new Map<string, number>();
  const symbolIndex = new Map<string, number>();
  const indexOf = <T>(table: T[], known: Map<string, number>, key: string, entry: () => T) => {
    let index = known.get(key);
    if (index === undefined) {
      index = table.push(entry()) - 1;
      known.set(key, index);
    }
    return index;
  };
  const symbolOf = ({ frame }: FlameBox['node']): number => {
    if (frame === undefined) return indexOf(symbols, symbolIndex, '', () => ['all', '', -1]);
    const path = frame.object;
    const object =
      path === undefined ? -1 : indexOf(objects, objectIndex, path, () => displayText(path));
    return indexOf(symbols, symbolIndex, `${frame.kind} ${object} ${frame.name}`, () => [
      displayText(frame.name),
      frame.kind,
      object,
    ]);
  };
  const encoded = rows.map((row) => {
    let end = 0;
    return row.flatMap(({ node, start }) => {
      const numbers = [start - end, node.count, node.self, symbolOf(node)];
      end = start + node.count;
      return numbers;
    });
  });
  return { symbols, objects, rows: encoded, layout: METRICS, ...placesOf(rows) };
}

function rowOf(row: readonly FlameBox[], y: number, scale: number): string {
  const rects: string[] = [];
  const texts: string[] = [];
  for (const { node, start } of row) {
    const { frame } = node;
    const x = METRICS.margin + start * scale;
    const width = node.count * scale;
    const shade = frame === undefined ? 'r' : shadeClass(frame.kind, frame.name);
    const drawn = px(geometry.drawnWidth(width));
    rects.push(
      `<rect class="${shade}" x="${px(x)}" width="${drawn}" height="${BOX_HEIGHT}" rx="1"/>`,
    );
    const name = frame === undefined ? 'all' : displayText(frame.name);
    const label = geometry.label(name, width, METRICS.charWidth);
    if (label !== '') {
      const left = px(x + geometry.LABEL_PADDING);
      texts.push(`<text x="${left}" y="${METRICS.baseline}">${escapeText(label)}</text>`);
    }
  }
  return `<g transform="translate(0 ${y})">${rects.join('')}${texts.join('')}</g>`;
}

function bodyOf(layout: FlameRows, total: number, width: number, inverted: boolean): string[] {
  const scale = (width - 2 * METRICS.margin) / total;
  const last = layout.rows.length - 1;
  const rows = layout.rows.map((row, depth) =>
    rowOf(row, METRICS.header + (inverted ? depth : last - depth) * METRICS.row, scale),
  );
  return [
    `<g class="boxes">${rows.join('\n')}</g>`,
    `<metadata class="data">${escapeText(JSON.stringify(dataOf(layout)))}</metadata>`,
  ];
}

function checkedOptions({ width = 1200, minWidth = 0.1, maxFrames = 20_000 }: SvgOptions) {
  if (!(width >= 100 && width <= 100_000)) {
    throw new RangeError(`width must be between 100 and 100000 px, got ${width}`);
  }
  if (!(minWidth >= 0)) throw new RangeError(`minWidth must be zero or more px, got ${minWidth}`);
  if (!(maxFrames >= 1)) throw new RangeError(`maxFrames must be at least 1, got ${maxFrames}`);
  return { width, minWidth, maxFrames };
}

/**
 * The flame graph as one self-contained SVG document. The same profile gives the same text on the
 * same JavaScript engine (the script's spelling follows the engine's).
 *
 * @throws RangeError when a count is not a whole number of samples, or an option is out of range.
 */
export function encodeSvg(profile: Profile, options: SvgOptions = {}): string {
  const { width, minWidth, maxFrames } = checkedOptions(options);
  const inverted = options.inverted ?? false;
  const tree = buildCallTree(profile.stacks);
  const total = tree.root.count;
  const inner = width - 2 * METRICS.margin;
  const layout =
    total === 0
      ? { rows: [], omitted: 0 }
      : layoutRows(tree, { width: inner, minWidth, maxFrames });
  const height = METRICS.header + Math.max(3, layout.rows.length) * METRICS.row + METRICS.margin;

  const full = displayText(options.title ?? defaultTitle(profile.metadata));
  const title = geometry.clip(full, MAX_TITLE_LENGTH);
  const x = METRICS.margin;
  // Proportional fonts have no fixed width: 12 px is more than an average letter at 17 px bold.
  const shownTitle = geometry.clip(title, Math.floor(inner / 12));
  const subtitle = subtitleOf(profile, layout.omitted);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" class="${SCOPE}" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}"${inverted ? ' data-inverted=""' : ''}>`,
    `<title>${escapeText(title)}</title>`,
    `<desc>CPU flame graph. ${escapeText(subtitle)}</desc>`,
    `<style>${escapeText(styleSheet())}</style>`,
    '<rect class="bg" width="100%" height="100%"/>',
    ...(total === 0
      ? [
          `<text class="strong" x="${width / 2}" y="${METRICS.header + 28}" ` +
            'text-anchor="middle">No samples were recorded.</text>',
        ]
      : bodyOf(layout, total, width, inverted)),
    '<g class="header">',
    `<rect class="bg header-bg" width="${width}" height="${METRICS.header - 2}"/>`,
    `<text class="title strong" x="${x}" y="26">${escapeText(shownTitle)}</text>`,
    `<text class="subtitle muted" x="${x}" y="47">${escapeText(subtitle)}</text>`,
    ...(total === 0 ? [] : [legendOf(profile, total)]),
    '</g>',
    ...(total === 0 ? [] : [`<script>${escapeText(viewerScript())}</script>`]),
    '</svg>',
    '',
  ].join('\n');
}
