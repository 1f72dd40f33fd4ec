/** `waggle history -o FILE` in the formats of `trace -o`: the events that rows tell of, in the order of their time. */

import type { ProcessEvent } from '@waggle/core';
import { EventJson } from '@waggle/core/plugins/event-output';
import type { EarlierProgram, HistoryEntry, HistoryQuery, StoreReader } from '@waggle/store';
import { EventFiles, type FilesResult } from '../../event-files/event-files.ts';
import { byTime, eventsOf, failureOf } from '../../store/recorded-events.ts';

/** Rows at once: of those that have been several programs these are asked for together. */
const CHUNK = 1000;

/** @throws OutputFailed */
export async function exportEvents(
  store: StoreReader,
  query: HistoryQuery,
  paths: readonly string[],
): Promise<FilesResult & { readonly events: number }> {
  using files = await EventFiles.open(paths);
  const json = new EventJson();
  const encoder = new TextEncoder();
  for (const events of inOrder(store, query)) {
    const lines = events.map((event) => json.line(event)).join('');
    await files.write(encoder.encode(lines), []);
  }
  return { ...(await files.finish()), events: files.events };
}

/** Piece by piece: births come in their order, and what happens later waits for those that come before it. */
function* inOrder(store: StoreReader, query: HistoryQuery): Generator<ProcessEvent[]> {
  const { sinceNs = 0n, untilNs, failed } = query;
  const isIn = ({ time }: ProcessEvent) =>
    time >= sinceNs && (untilNs === undefined || time <= untilNs);
  let waiting: ProcessEvent[] = [];
  for (const entries of chunks(store.history(query))) {
    waiting.push(...eventsOfAll(store, entries).filter(isIn));
    // Failures are in the order of their ends: all of them are few.
    if (failed === true) continue;
    waiting.sort(byTime);
    const last = entries.at(-1);
    const reached = last === undefined ? 0n : timeOf(last);
    const count = waiting.findIndex(({ time }) => time > reached);
    const ready = waiting.slice(0, count < 0 ? waiting.length : count);
    waiting = waiting.slice(ready.length);
    if (ready.length > 0) yield ready;
  }
  yield waiting.sort(byTime);
}

function* chunks(entries: Iterable<HistoryEntry>): Generator<HistoryEntry[]> {
  let chunk: HistoryEntry[] = [];
  for (const entry of entries) {
    chunk.push(entry);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

function eventsOfAll(store: StoreReader, entries: readonly HistoryEntry[]): ProcessEvent[] {
  const several = entries.flatMap((entry) =>
    entry.event === 'process' && entry.execs > 1 ? [entry.id] : [],
  );
  const earlier = Map.groupBy(store.earlierPrograms(several), ({ process }) => process);
  const none: readonly EarlierProgram[] = [];
  return entries.flatMap((entry) =>
    entry.event === 'process' ? eventsOf(entry, earlier.get(entry.id) ?? none) : [failureOf(entry)],
  );
}

const timeOf = (entry: HistoryEntry): bigint =>
  entry.event === 'process' ? entry.startNs : entry.timeNs;
