/**
 * Which box is where for any zoom and width, which one an arrow key leads to, and how many samples a
 * search matches: pure functions over the rows of the picture.
 */

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

export function decodeRows(encoded: EncodedRows): FlameFrame[][] {
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

export function covers(outer: FlameFrame, inner: FlameFrame): boolean {
  return (
    outer.row <= inner.row &&
    outer.start <= inner.start &&
    outer.start + outer.count >= inner.start + inner.count
  );
}

/** In px within `width`: the zoomed frame and its callers fill it; `undefined` if out of view. */
export function placementOf(
  frame: FlameFrame,
  zoom: FlameFrame,
  width: number,
): Placement | undefined {
  if (covers(frame, zoom)) return { x: 0, width };
  if (!covers(zoom, frame)) return undefined;
  const scale = width / zoom.count;
  return { x: (frame.start - zoom.start) * scale, width: frame.count * scale };
}

/** Samples in view that pass through a matched frame; recursion counts once. */
export function matchedSamples(matched: readonly FlameFrame[], zoom: FlameFrame): number {
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
export function neighbourOf(
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
