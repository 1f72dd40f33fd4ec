/** A process or a failed exec as a line of JSON. 64-bit numbers are strings, times RFC 3339, as `trace --json` has them. */

import type { HistoryEntry } from '@waggle/store';
import { stringifyJson } from '@waggle/text';
import { momentUtc } from '../../store/moment.ts';

export function jsonLine(entry: HistoryEntry): string {
  return `${stringifyJson(entry.event === 'process' ? ofProcess(entry) : ofFailure(entry))}\n`;
}

type Of<Kind extends HistoryEntry['event']> = Extract<HistoryEntry, { readonly event: Kind }>;

function ofProcess({ startNs, endNs, id, parent, ...entry }: Of<'process'>) {
  return {
    ...entry,
    start: momentUtc(startNs),
    end: endNs === null ? null : momentUtc(endNs),
    lifetimeNs: endNs === null ? null : String(endNs - startNs),
    ...texts(entry, ['startTime', 'userNs', 'systemNs', 'maxRssBytes', 'readBytes', 'writeBytes']),
    id,
    parent,
  };
}

function ofFailure({ timeNs, ...entry }: Of<'failed-exec'>) {
  return { ...entry, time: momentUtc(timeNs), startTime: String(entry.startTime) };
}

function texts<Entry>(entry: Entry, names: readonly (keyof Entry)[]) {
  return Object.fromEntries(
    names.map((name) => [name, entry[name] === null ? null : String(entry[name])]),
  );
}
