/**
 * Reads a recording, one JSON object a line, as far as it goes: lines of others are counted and left out.
 */

import { parseEvent, type RecordedEvent } from './recorded-event.ts';

/** More than any line of ours: what the kernel sends of arguments, each byte an escape. */
const MAX_LINE_BYTES = 16 << 20;
const LINE_FEED = 10;

export interface ReadCounts {
  readonly events: number;
  /** Lines that are no event: of another version, or of something else, or too long. */
  readonly foreign: number;
  /** The last line ends in the middle: whoever wrote it was ended while writing. */
  readonly isCut: boolean;
}

const decoder = new TextDecoder();

/**
 * @param take called for each event with its line, without the line feed, as it was written. A promise is
 *   waited for.
 * @throws what reading `chunks` and `take` throw.
 */
export async function readEvents(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  take: (event: RecordedEvent, line: string) => void | Promise<void>,
): Promise<ReadCounts> {
  let events = 0;
  let foreign = 0;
  let isCut = false;
  const takeLine = (bytes: Uint8Array, isWhole: boolean): void | Promise<void> => {
    const line = decoder.decode(bytes).trim();
    if (line === '') return;
    const event = parseEvent(line);
    if (event !== undefined) {
      events++;
      return take(event, line);
    }
    if (isWhole) foreign++;
    else isCut = true;
  };

  let pending: Uint8Array[] = [];
  let length = 0;
  let isTooLong = false;
  const append = (bytes: Uint8Array): void => {
    length += bytes.length;
    if (length > MAX_LINE_BYTES) {
      isTooLong = true;
      pending = [];
    } else if (bytes.length > 0) pending.push(bytes);
  };
  const finishLine = (isWhole: boolean): void | Promise<void> => {
    const bytes = pending.length === 1 ? pending[0] : joined(pending);
    const wasTooLong = isTooLong;
    pending = [];
    length = 0;
    isTooLong = false;
    if (wasTooLong) foreign++;
    else if (bytes !== undefined && bytes.length > 0) return takeLine(bytes, isWhole);
  };

  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      append(chunk.subarray(from, end));
      const waiting = finishLine(true);
      if (waiting !== undefined) await waiting;
      from = end + 1;
    }
    // Copied, where it is kept: a reader may use its buffer again.
    append(isTooLong ? chunk.subarray(from) : chunk.slice(from));
  }
  await finishLine(false);
  return { events, foreign, isCut };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether the beginning of a file looks like a recording. */
export function looksLikeEvents(beginning: Uint8Array): boolean {
  return /^\s*\{\s*"event"\s*:\s*"/m.test(decoder.decode(beginning));
}
