/** What this is: the activity above the page, the state of the server, its metrics, its health. */

import { reply } from '../answers/reply.ts';
import { exposition } from '../metrics/exposition.ts';
import { ACTIVITY_COLUMNS, activityRow } from '../store/activity.ts';
import type { Api, Ask } from './api.ts';
import { onlyKnown, scopeOf, spanOf } from './parameters.ts';

export function activity(api: Api, ask: Ask): Response {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store);
  const seconds =
    scope === undefined ? api.store.activity.in(span) : api.store.activityOf(span, scope);
  const body = { span, columns: ACTIVITY_COLUMNS, seconds: seconds.map(activityRow) };
  return reply(ask.request, `${JSON.stringify(body)}\n`, { type: 'application/json' });
}

/** What a page has to know before anything else. */
export function statusOf(api: Api, now: number) {
  const { store } = api;
  return {
    version: api.version,
    run: api.run,
    host: store.host,
    cpus: api.cpus,
    frequencyHz: store.frequencyHz,
    reveal: store.reveal,
    now,
    keepMs: store.keepMs,
    /** Nothing is kept of what was before. */
    oldest: store.from(now),
    /** Until when samples are there. */
    sampledUntil: store.samples.to ?? null,
    oldestEvent: store.events.from ?? null,
    events: store.events.last,
    lostEvents: store.lostEvents,
    processes: store.processes.liveCount,
  };
}

export function status(api: Api, ask: Ask): Response {
  onlyKnown(ask.url.searchParams, []);
  return reply(ask.request, `${JSON.stringify(statusOf(api, ask.now))}\n`, {
    type: 'application/json',
    isTagged: false,
  });
}

export function metrics(api: Api, ask: Ask): Response {
  onlyKnown(ask.url.searchParams, []);
  const connected = { pages: api.pages.size, streams: api.streams.taken };
  return reply(ask.request, exposition(api.metrics.metrics(api.store, connected)), {
    type: 'text/plain; version=0.0.4; charset=utf-8',
    isTagged: false,
  });
}

/** For who looks whether it lives: says nothing of the host, and needs no token. */
export function health(_: Api, ask: Ask): Response {
  return reply(ask.request, 'ok\n', { type: 'text/plain; charset=utf-8', isTagged: false });
}
