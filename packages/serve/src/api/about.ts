/** What this is: the activity above the page, the state of the server, its metrics, its health. */

import { reply } from '../answers/reply.ts';
import { exposition } from '../metrics/exposition.ts';
import { ACTIVITY_COLUMNS, activityRow } from '../store/activity.ts';
import { type Api, type Ask, liveOf } from './api.ts';
import { computed, keyOf } from './computed.ts';
import { onlyKnown, scopeOf, spanOf } from './parameters.ts';

export async function activity(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store, span);
  const body = async (): Promise<string> => {
    const { step, seconds, gaps } = await api.store.activityIn(span, scope);
    return `${JSON.stringify({ span, step, columns: ACTIVITY_COLUMNS, seconds: seconds.map(activityRow), gaps })}\n`;
  };
  // What is over is asked for again; what ends now is another span for each that asks.
  const made = api.store.isRecorded
    ? await computed(api, keyOf('activity', span, searchParams), body)
    : await body();
  return reply(ask.request, made, { type: 'application/json' });
}

/** What a page has to know before anything else. */
export function statusOf(api: Api, now: number) {
  const { store } = api;
  return {
    version: api.version,
    run: api.run,
    host: store.host,
    target: store.target ?? null,
    cpus: api.cpus,
    frequencyHz: store.frequencyHz,
    reveal: store.reveal,
    recorded: store.isRecorded,
    now: store.until(now),
    ...store.status(now),
  };
}

export function status(api: Api, ask: Ask): Promise<Response> {
  onlyKnown(ask.url.searchParams, []);
  return reply(ask.request, `${JSON.stringify(statusOf(api, Date.now()))}\n`, {
    type: 'application/json',
    isTagged: false,
  });
}

export function metrics(api: Api, ask: Ask): Promise<Response> {
  onlyKnown(ask.url.searchParams, []);
  const { store, metrics: counted, streams } = liveOf(api);
  const { size: pages, unreadBytes } = api.pages;
  const connected = { pages, unreadBytes, streams: streams.taken };
  return reply(ask.request, exposition(counted.metrics(store, connected)), {
    type: 'text/plain; version=0.0.4; charset=utf-8',
    isTagged: false,
  });
}

/** For who looks whether it lives: says nothing of the host, and needs no token. */
export function health(_: Api, ask: Ask): Promise<Response> {
  return reply(ask.request, 'ok\n', { type: 'text/plain; charset=utf-8', isTagged: false });
}
