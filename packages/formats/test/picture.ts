/** A flame graph SVG read back: its data, and the boxes that are drawn for it. */

import type { ProfileFrame, ProfileStack } from '../src/index.ts';
import type { FlameData } from '../src/svg/viewer/data.ts';
import type { FlameFrame } from '../src/svg/viewer/geometry.ts';
import { decodeRows } from '../src/svg/viewer/geometry.ts';
import { byClass, parseXml, type XmlElement } from './strict-xml.ts';

export const user = (name: string): ProfileFrame => ({
  name,
  kind: 'user',
  object: '/usr/bin/app',
});
export const stack = (count: number, ...names: string[]): ProfileStack => ({
  frames: names.map(user),
  count,
});

export interface Picture {
  readonly svg: XmlElement;
  readonly data: FlameData;
  readonly rows: FlameFrame[][];
  /** The drawn boxes of each row, root row first. */
  readonly rects: XmlElement[][];
  readonly names: string[][];
}

export function pictureOf(text: string): Picture {
  const svg = parseXml(text);
  const data = JSON.parse(byClass(svg, 'data')[0]?.text ?? '') as FlameData;
  const rows = decodeRows(data.rows);
  const groups = byClass(svg, 'boxes')[0]?.children ?? [];
  const rects = groups.map((group) => group.children.filter(({ name }) => name === 'rect'));
  const names = rows.map((row) => row.map(({ symbol }) => data.symbols[symbol]?.[0] ?? ''));
  return { svg, data, rows, rects, names };
}
