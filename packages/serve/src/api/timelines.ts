/**
 * What began and ended in a span, as the page that `trace -o x.html` writes; or what such a page is told that is there
 * already.
 */

import { ProcessHistory, parseEvent, timelinePage, timelineUpdate } from '@waggle/timeline';
import { badRequest } from '../answers/problem.ts';
import { reply } from '../answers/reply.ts';
import { lineTest } from '../store/event-filter.ts';
import { turns } from '../turns.ts';
import type { Api, Ask } from './api.ts';
import { computed, keyOf } from './computed.ts';
import { onlyKnown, scopeOf, spanOf } from './parameters.ts';
import { DOCUMENT_HEADERS, themed } from './profiles.ts';

/** Of the newest: more make a page that nobody can read. */
const MAX_EVENTS = 20_000;

export async function timeline(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start', 'theme', 'format']);
  const format = formatOf(searchParams);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store, span);
  const passes = lineTest({
    hasProcess: scope && ((pid, start) => scope.hasEvent(pid, start)),
  });
  const key = keyOf(`timeline ${format}`, span, searchParams);
  const made = await computed(api, key, async () => {
    const lines: string[] = [];
    const pause = turns();
    for (const { line } of api.store.eventsOf(span)) {
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
    const title = titleOf(scope?.target ?? api.store.target, api.store.host, lines.length);
    if (format === 'update') return timelineUpdate(history, { title, pause });
    return themed(timelinePage(history, { title }), searchParams);
  });
  return format === 'update'
    ? reply(ask.request, made, { type: 'application/octet-stream' })
    : reply(ask.request, made, { type: 'text/html; charset=utf-8', headers: DOCUMENT_HEADERS });
}

function formatOf(parameters: URLSearchParams): 'html' | 'update' {
  const format = parameters.get('format') ?? 'html';
  if (format === 'html' || format === 'update') return format;
  throw badRequest('unknown-format', 'There is no such format of timelines.', {
    formats: ['html', 'update'],
  });
}

function titleOf(target: string | undefined, host: string, events: number): string {
  const cut = events >= MAX_EVENTS ? `, the last ${MAX_EVENTS} events` : '';
  return `What began and ended${target === undefined ? '' : ` in ${target}`} on ${host}${cut}`;
}
