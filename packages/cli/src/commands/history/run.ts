/** `waggle history`: what ran in a span, who was there at a moment, a span in figures. */

import type { HistoryEntry, StoreReader } from '@waggle/store';
import { FAILED } from '../../exit-code.ts';
import { momentText } from '../../store/moment.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { jsonLine } from './json.ts';
import type { HistoryOptions } from './options.ts';
import { summaryJson, summaryText } from './summary.ts';
import { Table } from './table.ts';
import { treeText } from './tree.ts';
import { sayWhatIsKept, withStore } from './with-store.ts';

/** What a person scrolls through. */
const SHOWN = 1000;
const CHUNK = 64 * 1024;
const NOTHING = 'nothing that fits';

export async function runHistory(options: HistoryOptions): Promise<number> {
  const { since, until } = options;
  if (since !== undefined && until !== undefined && since > until) {
    say(`--since (${momentText(since)}) is later than --until (${momentText(until)})`);
    return FAILED;
  }
  const output = new Output();
  return withStore(options.store, async (store) => {
    if (options.summary) {
      const summary = store.summary({ sinceNs: since, untilNs: until });
      await output.write(options.json ? summaryJson(summary) : summaryText(summary));
    } else if (options.at !== undefined) {
      const there = store.at(options.at);
      await output.write(options.json ? there.map(jsonLine).join('') : treeText(there, options.at));
      if (there.length === 0) sayWhatIsKept(store, NOTHING);
    } else await list(store, options, output);
    return 0;
  });
}

async function list(store: StoreReader, options: HistoryOptions, output: Output): Promise<void> {
  const { since, until, failed, comm, json = false } = options;
  const entries = store.history({ sinceNs: since, untilNs: until, failed, comm });
  const limit = options.limit ?? (json ? Number.POSITIVE_INFINITY : SHOWN);
  let count = 0;
  const newest: HistoryEntry[] = [];
  let text = '';
  for (const entry of entries) {
    count++;
    if (json && limit === Number.POSITIVE_INFINITY) {
      text += jsonLine(entry);
      if (text.length < CHUNK) continue;
      await output.write(text);
      if (output.closed) return;
      text = '';
      continue;
    }
    newest.push(entry);
    // The oldest go: an array's beginning is not to be moved for each.
    if (newest.length >= 2 * limit) newest.splice(0, newest.length - limit);
  }
  const shown = newest.slice(-limit);
  if (json) text += shown.map(jsonLine).join('');
  else text += new Table(shown).text;
  await output.write(text);
  if (count === 0) sayWhatIsKept(store, NOTHING);
  else if (shown.length < count && limit !== Number.POSITIVE_INFINITY)
    say(
      `${count - shown.length} older ones are left out: --limit N shows more, --since and --until a part, --json all`,
    );
}
