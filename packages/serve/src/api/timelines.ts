/** What began and ended in a span, as the page that `trace -o x.html` writes. */

import { ProcessHistory, parseEvent, timelinePage } from '@waggle/timeline';
import { reply } from '../answers/reply.ts';
import { lineTest } from '../store/event-filter.ts';
import type { Api, Ask } from './api.ts';
import { onlyKnown, scopeOf, spanOf } from './parameters.ts';
import { computed, DOCUMENT_HEADERS, keyOf, themed } from './profiles.ts';

/** Of the newest: more make a page that nobody can read. */
const MAX_EVENTS = 20_000;
/** Then others get their turn. */
const AT_ONCE_MS = 8;

export async function timeline(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start', 'theme']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store);
  const passes = lineTest({
    hasProcess: scope && ((pid, start) => scope.hasEvent(pid, start)),
  });
  const page = await computed(api, keyOf('timeline', span, searchParams), async () => {
    const lines: string[] = [];
    const pause = turns();
    for (const { line } of api.store.events.newestOf(span)) {
      if (lines.length >= MAX_EVENTS) break;
      if (passes === undefined || passes(line)) lines.push(line);
      await pause();
    }
    const history = new ProcessHistory();
    for (const line of lines.reverse()) {
      const event = parseEvent(line);
      if (event !== undefined) history.add(event);
      await pause();
    }
    if (lines.length >= MAX_EVENTS) history.leftOut++;
    return themed(
      timelinePage(history, { title: titleOf(api.store.host, lines.length) }),
      searchParams,
    );
  });
  return reply(ask.request, page, { type: 'text/html; charset=utf-8', headers: DOCUMENT_HEADERS });
}

function titleOf(host: string, events: number): string {
  const cut = events >= MAX_EVENTS ? `, the last ${MAX_EVENTS} events` : '';
  return `What began and ended on ${host}${cut}`;
}

/** Gives others their turn where something takes long. */
export function turns(): () => Promise<void> | undefined {
  let until = performance.now() + AT_ONCE_MS;
  return () => {
    if (performance.now() < until) return undefined;
    return Bun.sleep(0).then(() => {
      until = performance.now() + AT_ONCE_MS;
    });
  };
}
