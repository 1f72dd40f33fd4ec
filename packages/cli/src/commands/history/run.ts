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
  if (options.output !== undefined) {
    const { exportHistory } = await import('./export.ts');
    return exportHistory(options, options.output);
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
  const limit = options.limit ?? (json ? undefined : SHOWN);
  // One more, to know of it: what is older is not read.
  const newest = limit === undefined ? undefined : limit + 1;
  const entries = store.history({ sinceNs: since, untilNs: until, failed, comm, newest });
  let count = 0;
  const found: HistoryEntry[] = [];
  let text = '';
  for (const entry of entries) {
    count++;
    if (limit !== undefined) {
      found.push(entry);
      continue;
    }
    text += jsonLine(entry);
    if (text.length < CHUNK) continue;
    await output.write(text);
    if (output.closed) return;
    text = '';
  }
  const shown = limit === undefined ? [] : found.slice(-limit);
  await output.write(text + (json ? shown.map(jsonLine).join('') : new Table(shown).text));
  if (count === 0) sayWhatIsKept(store, NOTHING);
  else if (shown.length < found.length)
    say(
      `older ones than ${shown.length === 1 ? 'this one' : `these ${shown.length}`} are left out, and were not read: --limit N shows more, --since and --until a part, --json all`,
    );
}
