/** A span in windows, each read at once: those in which a store has something. */

import { type StoreReader, toMs, toNs } from '@waggle/store';
import type { Span } from '../store/span.ts';

/** The oldest first. */
export function* windowsOf(
  reader: StoreReader,
  { from: begin, to: end }: Span,
  lengthMs: number,
): Generator<Span> {
  for (let from = begin; from < end; from += lengthMs) {
    const next = reader.nextMoment(toNs(from));
    if (next === undefined) return;
    from = Math.max(from, Math.floor(toMs(next)) - 1);
    if (from < end) yield { from, to: Math.min(from + lengthMs, end) };
  }
}

/** The newest first, and of them the first one in any case: who was there may have done nothing. @param lengthMs of the next */
export function* windowsBackOf(
  reader: StoreReader,
  { from: begin, to: end }: Span,
  lengthMs: () => number,
): Generator<Span> {
  for (let to = end; to > begin; ) {
    const from = Math.max(begin, to - lengthMs());
    yield { from, to };
    const last = from > begin ? reader.lastMoment(toNs(from)) : undefined;
    if (last === undefined) return;
    to = Math.min(from, Math.ceil(toMs(last)) + 1);
  }
}
