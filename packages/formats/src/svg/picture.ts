/**
 * The document around a laid-out call tree: boxes and labels as plain SVG, the data that the script
 * reads, and the script. What it says of the profile, and what colour a box has, comes from outside.
 */

import type { CallNode, CallTree } from '../flame-graph/call-tree.ts';
import type { ChangeShade } from '../flame-graph/change-colours.ts';
import { clip, drawnWidth, LABEL_PADDING, labelText } from '../flame-graph/label.ts';
import { displayText, escapeText } from '../flame-graph/safe-text.ts';
import { source as viewerScript } from '../generated/svg-viewer.ts';
import type { ProfileFrame } from '../profile.ts';
import type { ValueUnit } from '../value-unit.ts';
import { type FlameBox, type FlameRows, layoutRows } from './flame-rows.ts';
import { placesOf } from './source-places.ts';
import { SCOPE, styleSheet } from './style.ts';
import type { FlameComparison, FlameData, FlameMetrics } from './viewer/data.ts';

export interface SvgOptions {
  /** Title of the picture; by default made of command and host. */
  readonly title?: string | undefined;
  /** Width of the still picture in px, 1200 by default; opened in a browser it fills the window. */
  readonly width?: number | undefined;
  /** Boxes narrower than this many px of `width` are left out, 0.1 by default. */
  readonly minWidth?: number | undefined;
  /** At most this many boxes, the largest ones; 20,000 by default. */
  readonly maxFrames?: number | undefined;
  /** Root at the top, leaves below (an icicle graph); `false` by default. */
  readonly inverted?: boolean | undefined;
}

export interface Picture {
  readonly title: string;
  /** Of a layout of the tree, because that leaves boxes out. */
  subtitle(omitted: number): string;
  readonly tree: CallTree;
  /** Of the tree's counts. */
  readonly unit: ValueUnit;
  /** SVG elements in the header, from y = 65 to 77. */
  readonly legend: string;
  /** Class of a function's box, one of those in the style sheet. */
  shadeOf(node: CallNode, frame: NonNullable<CallNode['frame']>): string;
  /** Lines under the boxes. */
  readonly footer: readonly string[];
  readonly compared?: Omit<FlameComparison, 'others'>;
  /** Rules of the style sheet for `shadeOf` and the legend, besides the palette's. */
  readonly shades?: readonly ChangeShade[];
}

// Widths of common monospace fonts are 0.55 to 0.602 em; the widest, so that no label overflows.
const METRICS: FlameMetrics = {
  margin: 10,
  header: 92,
  row: 18,
  baseline: 12.5,
  charWidth: 7.23,
  footer: 0,
};
export const MARGIN: number = METRICS.margin;
const BOX_HEIGHT = METRICS.row - 1;
const MAX_TITLE_LENGTH = 400;
/** More letters than the widest picture has room for. */
const MAX_LABEL_LENGTH = 1 << 14;

const FOOTER_LINE = 17;

export function px(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Names once each, numbers for the boxes. */
function dataOf(
  { rows }: FlameRows,
  layout: FlameMetrics,
  unit: ValueUnit,
  compared: Picture['compared'],
): FlameData {
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
  const byFrame = new Map<ProfileFrame | undefined, number>();
  const symbolOf = ({ frame }: FlameBox['node']): number => {
    const index = byFrame.get(frame) ?? newSymbolOf(frame);
    byFrame.set(frame, index);
    return index;
  };
  const newSymbolOf = (frame: ProfileFrame | undefined): number => {
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
  const others = () => rows.flatMap((row) => row.map(({ node }) => node.other));
  return {
    symbols,
    objects,
    rows: encoded,
    unit,
    layout,
    ...placesOf(rows),
    ...(compared === undefined ? {} : { compared: { ...compared, others: others() } }),
  };
}

function rowOf(
  row: readonly FlameBox[],
  y: number,
  scale: number,
  shadeOf: (node: CallNode) => string,
  nameOf: (frame: CallNode['frame']) => string,
): string {
  const rects: string[] = [];
  const texts: string[] = [];
  for (const { node, start } of row) {
    const { frame } = node;
    const x = METRICS.margin + start * scale;
    const width = node.count * scale;
    const shade = shadeOf(node);
    const drawn = px(drawnWidth(width));
    rects.push(
      `<rect class="${shade}" x="${px(x)}" width="${drawn}" height="${BOX_HEIGHT}" rx="1"/>`,
    );
    const name = nameOf(frame);
    const label = labelText(name, width, METRICS.charWidth);
    if (label !== '') {
      const left = px(x + LABEL_PADDING);
      texts.push(`<text x="${left}" y="${METRICS.baseline}">${escapeText(label)}</text>`);
    }
  }
  return `<g transform="translate(0 ${y})">${rects.join('')}${texts.join('')}</g>`;
}

function footerOf(lines: readonly string[], y: number, width: number): string {
  const columns = Math.floor((width - 2 * METRICS.margin) / METRICS.charWidth);
  const texts = lines.map((line, index) => {
    const text = escapeText(clip(displayText(line), columns));
    const className = index === 0 ? 'mono strong' : 'mono muted';
    return `<text class="${className}" x="${METRICS.margin}" y="${13 + index * FOOTER_LINE}">${text}</text>`;
  });
  return `<g class="footer" transform="translate(0 ${y})">${texts.join('')}</g>`;
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
 * The picture as one self-contained SVG document.
 *
 * @throws RangeError when an option is out of range.
 */
export function drawPicture(picture: Picture, options: SvgOptions): string {
  const { width, minWidth, maxFrames } = checkedOptions(options);
  const inverted = options.inverted ?? false;
  const { tree, footer } = picture;
  const total = tree.root.count;
  const inner = width - 2 * METRICS.margin;
  const { rows, omitted } =
    total === 0
      ? { rows: [], omitted: 0 }
      : layoutRows(tree, { width: inner, minWidth, maxFrames });
  const end = METRICS.header + Math.max(3, rows.length) * METRICS.row;
  const layout = {
    ...METRICS,
    footer: footer.length === 0 ? 0 : METRICS.margin + footer.length * FOOTER_LINE,
  };
  const height = end + layout.footer + METRICS.margin;

  const title = clip(displayText(picture.title), MAX_TITLE_LENGTH);
  const x = METRICS.margin;
  // Proportional fonts have no fixed width: 12 px is more than an average letter at 17 px bold.
  const shownTitle = clip(title, Math.floor(inner / 12));
  const subtitle = picture.subtitle(omitted);
  // A name may be long, and its function in every row.
  const names = new Map<CallNode['frame'], string>();
  const nameOf = (frame: CallNode['frame']): string => {
    const known = names.get(frame);
    if (known !== undefined) return known;
    const name = displayText((frame?.name ?? 'all').slice(0, MAX_LABEL_LENGTH));
    names.set(frame, name);
    return name;
  };
  const shadeOf = (node: CallNode): string =>
    node.frame === undefined ? 'r' : picture.shadeOf(node, node.frame);
  const boxes = rows.map((row, depth) => {
    const y = METRICS.header + (inverted ? depth : rows.length - 1 - depth) * METRICS.row;
    return rowOf(row, y, inner / total, shadeOf, nameOf);
  });
  const data = dataOf({ rows, omitted }, layout, picture.unit, picture.compared);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" class="${SCOPE}" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}"${inverted ? ' data-inverted=""' : ''}>`,
    `<title>${escapeText(title)}</title>`,
    `<desc>Flame graph. ${escapeText(subtitle)}</desc>`,
    `<style>${escapeText(styleSheet(picture.shades))}</style>`,
    '<rect class="bg" width="100%" height="100%"/>',
    ...(total === 0
      ? [
          `<text class="strong" x="${width / 2}" y="${METRICS.header + 28}" ` +
            'text-anchor="middle">No samples were recorded.</text>',
        ]
      : [
          `<g class="boxes">${boxes.join('\n')}</g>`,
          `<metadata class="data">${escapeText(JSON.stringify(data))}</metadata>`,
        ]),
    ...(footer.length === 0 ? [] : [footerOf(footer, end + METRICS.margin, width)]),
    '<g class="header">',
    `<rect class="bg header-bg" width="${width}" height="${METRICS.header - 2}"/>`,
    `<text class="title strong" x="${x}" y="26">${escapeText(shownTitle)}</text>`,
    `<text class="subtitle muted" x="${x}" y="47">${escapeText(subtitle)}</text>`,
    ...(total === 0 ? [] : [picture.legend]),
    '</g>',
    ...(total === 0 ? [] : [`<script>${escapeText(viewerScript)}</script>`]),
    '</svg>',
    '',
  ].join('\n');
}
