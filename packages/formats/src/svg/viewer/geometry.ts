/**
 * Where boxes and labels go, for any zoom and width, and what a search matches: pure functions, used
 * by the encoder for the still picture and by the script inside the SVG for every later one.
 *
 * The script is this function's own source text, so nothing in it may refer to anything outside it
 * (types excepted: they leave no trace in the text).
 */

import type { ValueUnit } from '../../value-unit.ts';

/** One box; frames are numbered in row order, root first. */
export interface FlameFrame {
  readonly index: number;
  readonly row: number;
  /** In samples, from the left edge of the root. */
  readonly start: number;
  readonly count: number;
  readonly self: number;
  /** Index into the table of symbols. */
  readonly symbol: number;
}

/** Per row, four numbers a box: samples since the end of the one before, count, self, symbol. */
export type EncodedRows = readonly (readonly number[])[];

export type Direction = 'left' | 'right' | 'caller' | 'callee';

export interface Placement {
  readonly x: number;
  readonly width: number;
}

export type Geometry = ReturnType<typeof createGeometry>;

export function createGeometry() {
  /** Space between a box's edge and its label, in px. */
  const LABEL_PADDING = 3;

  function decodeRows(encoded: EncodedRows): FlameFrame[][] {
    let index = 0;
    return encoded.map((numbers, row) => {
      const frames: FlameFrame[] = [];
      let end = 0;
      for (let at = 0; at + 3 < numbers.length; at += 4) {
        const [gap = 0, count = 0, self = 0, symbol = 0] = numbers.slice(at, at + 4);
        const start = end + gap;
        end = start + count;
        frames.push({ index: index++, row, start, count, self, symbol });
      }
      return frames;
    });
  }

  function covers(outer: FlameFrame, inner: FlameFrame): boolean {
    return (
      outer.row <= inner.row &&
      outer.start <= inner.start &&
      outer.start + outer.count >= inner.start + inner.count
    );
  }

  /** In px within `width`: the zoomed frame and its callers fill it; `undefined` if out of view. */
  function place(frame: FlameFrame, zoom: FlameFrame, width: number): Placement | undefined {
    if (covers(frame, zoom)) return { x: 0, width };
    if (!covers(zoom, frame)) return undefined;
    const scale = width / zoom.count;
    return { x: (frame.start - zoom.start) * scale, width: frame.count * scale };
  }

  /** A box is drawn a little narrower than its place, so that neighbours of one colour differ. */
  function drawnWidth(width: number): number {
    return width - Math.min(0.7, width / 5);
  }

  /** Columns of a monospace font: none for combining marks, two for East Asian wide and emoji. */
  function columnsOf(char: string): number {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x300) return 1;
    if (/\p{M}/u.test(char)) return 0;
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f000 && code <= 0x3fffd);
    return wide ? 2 : 1;
  }

  /** `text` cut to a number of columns, the cut marked by an ellipsis; nothing below 3 columns. */
  function clip(text: string, columns: number): string {
    if (/^[\x20-\x7e]*$/.test(text)) {
      if (text.length <= columns) return text;
      return columns < 3 ? '' : `${text.slice(0, columns - 1)}\u2026`;
    }
    let used = 0;
    let fitting = '';
    for (const char of text) {
      used += columnsOf(char);
      if (used > columns) return columns < 3 ? '' : `${fitting}\u2026`;
      if (used < columns) fitting += char;
    }
    return text;
  }

  /** What of a name fits in a box of `width` px when a character takes `charWidth` px. */
  function label(name: string, width: number, charWidth: number): string {
    const columns = Math.floor((width - 2 * LABEL_PADDING) / charWidth);
    return columns < 1 ? '' : clip(name, columns);
  }

  /**
   * The test that a search stands for: /between slashes/ a regular expression, else plain text;
   * both ignore case. An unfinished expression is taken as text; no query gives `undefined`.
   */
  function matcher(query: string): ((text: string) => boolean) | undefined {
    if (query === '') return undefined;
    if (query.length > 2 && query.startsWith('/') && query.endsWith('/')) {
      try {
        const expression = new RegExp(query.slice(1, -1), 'iu');
        return (text) => expression.test(text);
      } catch {
        // Being typed: it may become valid with the next key.
      }
    }
    const needle = query.toLowerCase();
    return (text) => text.toLowerCase().includes(needle);
  }

  /** Samples in view that pass through a matched frame; recursion counts once. */
  function matchedSamples(matched: readonly FlameFrame[], zoom: FlameFrame): number {
    if (matched.some((frame) => covers(frame, zoom))) return zoom.count;
    const inView = matched.filter((frame) => covers(zoom, frame));
    // Outer frames first: whatever starts before the last end lies inside one already counted.
    inView.sort((a, b) => a.start - b.start || b.count - a.count);
    let end = zoom.start;
    let samples = 0;
    for (const { start, count } of inView) {
      if (start < end) continue;
      samples += count;
      end = start + count;
    }
    return samples;
  }

  /** The frame that an arrow key leads to, within what is in view; `undefined` at an edge. */
  function step(
    rows: readonly (readonly FlameFrame[])[],
    from: FlameFrame,
    direction: Direction,
    zoom: FlameFrame,
  ): FlameFrame | undefined {
    const inView = (frame: FlameFrame): boolean => covers(zoom, frame) || covers(frame, zoom);
    if (direction === 'caller') return rows[from.row - 1]?.find((frame) => covers(frame, from));
    if (direction === 'callee') {
      // Below the zoomed frame there is one way up to it; from there on, the widest callee.
      const callees = (rows[from.row + 1] ?? []).filter((f) => covers(from, f) && inView(f));
      return callees.reduce<FlameFrame | undefined>(
        (widest, frame) => (widest === undefined || frame.count > widest.count ? frame : widest),
        undefined,
      );
    }
    const row = rows[from.row] ?? [];
    const next = row[row.indexOf(from) + (direction === 'left' ? -1 : 1)];
    return next !== undefined && inView(next) ? next : undefined;
  }

  /** 1234567 → 1,234,567, in every locale. */
  function formatCount(count: number): string {
    return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
  }

  /** With its unit: a count of things, or the largest unit that it is one of. */
  function formatValue(value: number, { one, many, steps }: ValueUnit): string {
    if (steps === undefined) return `${formatCount(value)} ${value === 1 ? one : many}`;
    let [count, unit] = steps[0] ?? [1, many];
    for (const step of steps) if (value >= step[0]) [count, unit] = step;
    const scaled = value / count;
    const digits = scaled >= 100 || Number.isInteger(scaled) ? 0 : scaled >= 10 ? 1 : 2;
    return `${formatCount(Number(scaled.toFixed(digits)))} ${unit}`;
  }

  /** Two digits after the point below 10 %, else one. */
  function formatShare(part: number, whole: number): string {
    if (part === 0 || whole === 0) return '0 %';
    const percent = (100 * part) / whole;
    return `${percent.toFixed(percent < 9.995 ? 2 : 1)} %`;
  }

  return {
    LABEL_PADDING,
    decodeRows,
    covers,
    place,
    drawnWidth,
    clip,
    label,
    matcher,
    matchedSamples,
    step,
    formatCount,
    formatValue,
    formatShare,
  };
}
