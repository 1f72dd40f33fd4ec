/** Events: as they come, for programs; and those of a span. */

import { EVENT_KINDS } from '@waggle/core';
import { badRequest } from '../answers/problem.ts';
import { reply } from '../answers/reply.ts';
import { type EventFilter, lineTest } from '../store/event-filter.ts';
import type { Scope } from '../store/kept-host.ts';
import type { LiveStore } from '../store/live-store.ts';
import type { Span } from '../store/span.ts';
import { turns } from '../turns.ts';
import { type Api, type Ask, liveOf } from './api.ts';
import { EVENT_FILE_FORMATS, eventFileOf, writeEvents } from './event-files.ts';
import {
  type EventForm,
  eventStream,
  JSON_LINES,
  type ReadUntil,
  readUntil,
  SERVER_SENT,
} from './events-stream.ts';
import { limitOf, onlyKnown, scopeOf, spanOf } from './parameters.ts';
import { fileTime } from './profiles.ts';

const USUAL = 1000;
const MOST = 100_000;
const FILTERS = ['kind', 'failed', 'text', 'pid', 'start'] as const;

export async function events(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'format', 'limit', 'after', ...FILTERS]);
  const span = spanOf(searchParams, api.store, ask.now);
  const filter = filterOf(searchParams, scopeOf(searchParams, api.store, span));
  const format = searchParams.get('format') ?? 'stream';
  if (format === 'stream' || format === 'jsonl') {
    // Of what is over nothing comes.
    const isPast = searchParams.has('from') || searchParams.has('to') || api.store.isRecorded;
    if (isPast) return past(api, ask, span, filter, 'jsonl');
    return stream(api, ask, filter, format === 'jsonl' ? JSON_LINES : formFor(ask.request));
  }
  if (format !== 'json' && eventFileOf(format) === undefined)
    throw badRequest('unknown-format', 'There is no such format of events.', {
      formats: ['stream', 'jsonl', 'json', ...EVENT_FILE_FORMATS],
    });
  return past(api, ask, span, filter, format);
}

/**
 * Server-sent events for all that do not say what they want, and for those that want them. Lines of JSON for those
 * that ask for JSON, and for curl, whose output people pipe to jq.
 */
function formFor(request: Request): EventForm {
  const accepted = request.headers.get('accept') ?? '*/*';
  if (accepted.includes('text/event-stream')) return SERVER_SENT;
  if (/application\/(?:x-)?(?:nd)?json/.test(accepted)) return JSON_LINES;
  return request.headers.get('user-agent')?.startsWith('curl/') ? JSON_LINES : SERVER_SENT;
}

/** @throws Problem 400 */
export function filterOf(parameters: URLSearchParams, scope: Scope | undefined): EventFilter {
  const kinds = parameters.get('kind')?.split(',');
  const unknown = kinds?.find((kind) => !(EVENT_KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined)
    throw badRequest('unknown-kind', 'There is no such kind of events.', { kinds: EVENT_KINDS });
  const failed = parameters.get('failed');
  if (failed !== null && failed !== 'true' && failed !== 'false')
    throw badRequest('bad-failed', 'failed is true or false.');
  return {
    kinds: kinds && new Set(kinds),
    onlyFailed: failed === 'true',
    text: parameters.get('text') ?? undefined,
    hasProcess: scope && ((pid, start) => scope.hasEvent(pid, start)),
  };
}

function stream(api: Api, ask: Ask, filter: EventFilter, form: EventForm): Response {
  const { store, bell, streams } = liveOf(api);
  const after = afterOf(store, api.run, ask);
  const leave = streams.take(ask.client);
  ask.keepOpen();
  const body = eventStream({
    store,
    bell,
    form,
    run: api.run,
    after,
    passes: lineTest(filter),
    signal: ask.gone,
    ended: leave,
  });
  return new Response(body, {
    headers: { 'content-type': form.type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}

/** After what a reader had last, or now. @throws Problem 400 */
function afterOf({ events }: LiveStore, run: string, { request, url }: Ask): ReadUntil {
  const text = request.headers.get('last-event-id') ?? url.searchParams.get('after');
  if (text === null || text === '') return { number: events.last, isOfAnotherRun: false };
  const found = readUntil(text, run, events.last);
  if (found === undefined)
    throw badRequest('bad-after', 'Last-Event-ID, or after, is the id of an event.');
  return found;
}

interface Found {
  /** The newest that pass, the oldest of them first. */
  readonly lines: readonly string[];
  /** There are older ones. */
  readonly isCut: boolean;
  /** The number of the newest of the span, whether it passes or not. */
  readonly last: number;
}

async function past(
  api: Api,
  ask: Ask,
  span: Span,
  filter: EventFilter,
  format: string,
): Promise<Response> {
  const limit = limitOf(ask.url.searchParams, format === 'json' ? USUAL : MOST, MOST);
  const file = eventFileOf(format);
  // Each has all of its events in memory more than once while it is written.
  const leave = file === undefined ? api.computing.take() : api.writing.take(ask.client);
  try {
    const { lines, isCut, last } = await find(api, span, filter, limit, format === 'json');
    if (format === 'json')
      return await reply(
        ask.request,
        `{"span":${JSON.stringify(span)},"last":${last},"isCut":${isCut},"events":[${lines.join(',\n')}]}\n`,
        { type: 'application/json' },
      );
    const body =
      file === undefined
        ? lines.map((line) => `${line}\n`).join('')
        : await writeEvents(file, lines);
    return await reply(ask.request, body, {
      type: file?.type ?? JSON_LINES.type,
      headers: {
        'content-disposition': `attachment; filename="waggle-${fileTime(span.from)}.${format}"`,
        ...(isCut ? { 'x-waggle-cut': 'older events are left out' } : {}),
      },
    });
  } finally {
    leave();
  }
}

async function find(
  api: Api,
  span: Span,
  filter: EventFilter,
  limit: number,
  isNumbered: boolean,
): Promise<Found> {
  const passes = lineTest(filter);
  const lines: string[] = [];
  let isCut = false;
  // Of an empty span, what there was when it was asked for: who goes on after it misses nothing.
  const before = api.live?.store.events.last ?? 0;
  let newest: number | undefined;
  const pause = turns();
  for (const { number, line } of api.store.eventsOf(span)) {
    newest ??= number;
    await pause();
    if (passes !== undefined && !passes(line)) continue;
    isCut = lines.length >= limit;
    if (isCut) break;
    lines.push(isNumbered ? `[${number},${line}]` : line);
  }
  return { lines: lines.reverse(), isCut, last: newest ?? before };
}
