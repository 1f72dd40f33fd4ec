/** Lines of a recording on their way to its files: as bytes for some, as objects for others. */

import { parseEvent, type RecordedEvent } from '@waggle/timeline';

/** Of one piece: what is lost at once where a disk is full, and how exactly files are rotated. */
const PIECE_BYTES = 64 * 1024;
const LINE_FEED = 10;
const decoder = new TextDecoder();

export class EventLines {
  /** Whole lines. Good until write() returns, or what it returned resolves. */
  readonly bytes: Uint8Array;
  /** Lines about events; others say what is missing. */
  readonly count: number;
  #parsed: readonly RecordedEvent[] | undefined;

  constructor(bytes: Uint8Array, count: number, parsed?: readonly RecordedEvent[]) {
    this.bytes = bytes;
    this.count = count;
    this.#parsed = parsed;
  }

  get events(): readonly RecordedEvent[] {
    this.#parsed ??= decoder
      .decode(this.bytes)
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (parseEvent(line) ?? [])));
    return this.#parsed;
  }
}

/** @param others which lines are about no event, by index, ascending. */
export function* piecesOf(bytes: Uint8Array, others: readonly number[]): Generator<EventLines> {
  const left = new Set(others);
  let from = 0;
  let lines = 0;
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    at = feed < 0 ? bytes.length : feed + 1;
    if (!left.has(lines++)) count++;
    if (at - from < PIECE_BYTES && at < bytes.length) continue;
    yield new EventLines(bytes.subarray(from, at), count);
    from = at;
    count = 0;
  }
}
