/**
 * The last events as lines of JSON, each with its number. The newest are kept as they are; older ones in blocks
 * that are compressed to a tenth, so that a quarter of an hour of a storm has room. Who reads has a place of his
 * own in the numbers: no reader has a queue, and one that is slow costs nothing.
 */

import type { Span } from './span.ts';

export interface EventLine {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly line: string;
}

export interface EventLinesOptions {
  readonly keepMs: number;
  readonly maxBytes: number;
}

interface Block extends Span {
  readonly first: number;
  readonly count: number;
  readonly packed: Uint8Array;
}

/** Lines of a block. */
const BLOCK_LINES = 2000;
/** Characters of a block: arguments may be long. */
const BLOCK_LENGTH = 1024 * 1024;
/** The newest lines, as they are: a second or two of a storm. Texts that grow old are what a collector is worst at. */
const PLAIN_LINES = 6000;
const PLAIN_LENGTH = 4 * 1024 * 1024;
/** Fast: 500 MB a second, and a tenth of the size. */
const LEVEL = 1;

export class EventLines {
  readonly #options: EventLinesOptions;
  #blocks: Block[] = [];
  #plain: EventLine[] = [];
  #next = 1;
  #plainLength = 0;
  #packedBytes = 0;
  #forgotten = 0;

  constructor(options: EventLinesOptions) {
    this.#options = options;
  }

  /** Of the newest line; 0 before the first. */
  get last(): number {
    return this.#next - 1;
  }

  /** Of the oldest line that is kept. */
  get first(): number {
    return this.#forgotten + 1;
  }

  get bytes(): number {
    return this.#packedBytes + this.#plainLength * 2;
  }

  /** When the oldest that is kept happened; undefined before the first. */
  get from(): number | undefined {
    return this.#blocks[0]?.from ?? this.#plain[0]?.time;
  }

  /** @param line without its line feed */
  add(line: string, time: number): void {
    this.#plain.push({ number: this.#next++, time, line });
    this.#plainLength += line.length;
    if (this.#plain.length > PLAIN_LINES || this.#plainLength > PLAIN_LENGTH) this.#pack();
  }

  /** What is too old goes. */
  forget(now: number): void {
    const oldest = now - this.#options.keepMs;
    const { maxBytes } = this.#options;
    for (let first = this.#blocks[0]; first !== undefined; first = this.#blocks[0]) {
      if (first.to >= oldest && this.#packedBytes <= maxBytes) break;
      this.#blocks.shift();
      this.#packedBytes -= first.packed.length;
      this.#forgotten = first.first + first.count - 1;
    }
    if (this.#blocks.length > 0) return;
    let gone = 0;
    while (gone < this.#plain.length && (this.#plain[gone] as EventLine).time < oldest)
      this.#plainLength -= (this.#plain[gone++] as EventLine).line.length;
    this.#plain.splice(0, gone);
    this.#forgotten += gone;
  }

  /** Lines after one that a reader has, as far as they are kept; the oldest first. */
  *after(number: number): Iterable<EventLine> {
    for (const block of this.#blocks) {
      if (block.first + block.count - 1 <= number) continue;
      for (const line of unpack(block)) if (line.number > number) yield line;
    }
    const first = this.#plain[0];
    if (first === undefined) return;
    for (let at = Math.max(0, number + 1 - first.number); at < this.#plain.length; at++)
      yield this.#plain[at] as EventLine;
  }

  /** Lines of a span, the newest first. */
  *newestOf(span: Span): Iterable<EventLine> {
    for (let at = this.#plain.length - 1; at >= 0; at--) {
      const line = this.#plain[at] as EventLine;
      if (isIn(line, span)) yield line;
    }
    for (let at = this.#blocks.length - 1; at >= 0; at--) {
      const block = this.#blocks[at] as Block;
      if (block.to < span.from) return;
      if (block.from > span.to) continue;
      const lines = unpack(block);
      for (let each = lines.length - 1; each >= 0; each--) {
        const line = lines[each] as EventLine;
        if (isIn(line, span)) yield line;
      }
    }
  }

  /** The oldest lines become a block. */
  #pack(): void {
    let count = 0;
    let length = 0;
    let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    while (count < BLOCK_LINES && length < BLOCK_LENGTH && count < this.#plain.length - 1) {
      const { line, time } = this.#plain[count++] as EventLine;
      length += line.length;
      from = Math.min(from, time);
      to = Math.max(to, time);
    }
    const lines = this.#plain.splice(0, count);
    this.#plainLength -= length;
    const text = lines.map(({ time, line }) => `${time} ${line}\n`).join('');
    const packed = new Uint8Array(Bun.zstdCompressSync(text, { level: LEVEL }));
    const { number: first } = lines[0] as EventLine;
    this.#blocks.push({ first, count, from, to, packed });
    this.#packedBytes += packed.length;
  }
}

const isIn = ({ time }: EventLine, { from, to }: Span): boolean => time > from && time <= to;

function unpack({ first, packed }: Block): EventLine[] {
  const text = Bun.zstdDecompressSync(packed).toString();
  const lines: EventLine[] = [];
  for (let at = 0, number = first; at < text.length; number++) {
    const space = text.indexOf(' ', at);
    const end = text.indexOf('\n', space);
    lines.push({ number, time: Number(text.slice(at, space)), line: text.slice(space + 1, end) });
    at = end + 1;
  }
  return lines;
}
