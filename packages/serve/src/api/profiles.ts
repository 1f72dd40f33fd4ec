/**
 * Profiles: of any span that is kept, or of the seconds to come, in every format; and the difference of two spans.
 */

import {
  createHtmlFormat,
  createSvgFormat,
  diffFormats,
  diffProfiles,
  encodeHtmlUpdate,
  formats,
  type OutputFormat,
  type Profile,
} from '@waggle/formats';
import { FRAME_POLICY } from '../answers/frame-policy.ts';
import { badRequest } from '../answers/problem.ts';
import { reply } from '../answers/reply.ts';
import type { Scope } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { type Api, type Ask, liveOf } from './api.ts';
import { computed, keyOf } from './computed.ts';
import { onlyKnown, scopeOf, secondsOf, spanOf } from './parameters.ts';

/** Longer than anything is kept nobody can wait. */
const longest = (api: Api): number => liveOf(api).store.keepMs / 1000;
/** As Go's own server has it. */
const PPROF_SECONDS = 30;

/** Pages of what others named are shown in a frame, and may do nothing but run their own script. */
export const DOCUMENT_HEADERS = { 'content-security-policy': FRAME_POLICY };

export async function profile(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['format', 'seconds', 'from', 'to', 'pid', 'start', 'theme']);
  const format = formatOf(searchParams.get('format') ?? 'pb.gz');
  if (searchParams.has('seconds') && (searchParams.has('from') || searchParams.has('to')))
    throw badRequest(
      'bad-span',
      'Give either seconds, for those to come, or from and to, for what is kept.',
    );
  const span = searchParams.has('seconds')
    ? await comingSpan(api, ask, secondsOf(searchParams, 0, longest(api)))
    : await keptSpan(api, ask);
  return answer(api, ask, format, span);
}

/** As Go programs serve it, for `go tool pprof URL`. */
export async function pprofProfile(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['seconds', 'pid', 'start']);
  const seconds = secondsOf(searchParams, Math.min(PPROF_SECONDS, longest(api)), longest(api));
  return answer(api, ask, formatOf('pb.gz'), await comingSpan(api, ask, seconds));
}

/** What the page's flame graph is brought up to date with. */
export async function flame(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['from', 'to', 'pid', 'start']);
  const span = spanOf(searchParams, api.store, ask.now);
  const scope = scopeOf(searchParams, api.store, span);
  const bytes = await computed(api, keyOf('flame', span, searchParams), async () => {
    const profile = await api.store.profile(span, scope);
    await pauseBetween();
    return encodeHtmlUpdate(profile);
  });
  return reply(ask.request, bytes, { type: 'application/json' });
}

export async function diff(api: Api, ask: Ask): Promise<Response> {
  const { searchParams } = ask.url;
  onlyKnown(searchParams, ['format', 'from', 'to', 'baseFrom', 'baseTo', 'pid', 'start', 'theme']);
  const name = searchParams.get('format') ?? 'html';
  const format = diffFormats.find(({ extensions }) => extensions.includes(`.${name}`));
  if (format === undefined)
    throw badRequest('unknown-format', `A difference has no format "${name}"`, {
      formats: diffFormats.flatMap(({ extensions }) => extensions.map((each) => each.slice(1))),
    });
  const after = spanOf(searchParams, api.store, ask.now);
  const before = spanOf(searchParams, api.store, ask.now, 'base');
  const scope = scopeOf(searchParams, api.store, after);
  const key = `${keyOf(`diff ${name}`, after, searchParams)} ${before.from} ${before.to}`;
  const bytes = await computed(api, key, async () => {
    const first = await api.store.profile(before, scope);
    const second = await api.store.profile(after, scope);
    const options = {
      title: diffTitle(first.metadata),
      before: first.metadata,
      after: second.metadata,
    };
    return themed(format.encode(diffProfiles(first, second), options), searchParams);
  });
  return reply(ask.request, bytes, {
    type: mediaTypeOf(format),
    headers: {
      ...DOCUMENT_HEADERS,
      'content-disposition': `inline; filename="waggle-${fileTime(after.from)}-compared.${name}"`,
    },
  });
}

function diffTitle({ target, host }: Profile['metadata']): string {
  return `What changed${target === undefined ? '' : ` in ${target}`} on ${host}`;
}

function formatOf(name: string): OutputFormat {
  const wanted = name.toLowerCase().replace(/^\./, '');
  const format = formats.find(
    (each) => each.name === wanted || each.extensions.includes(`.${wanted}`),
  );
  if (format === undefined)
    throw badRequest('unknown-format', 'There is no such format of profiles.', {
      formats: formats.flatMap(({ extensions }) => extensions.map((each) => each.slice(1))),
    });
  if (format.name === 'html') return createHtmlFormat();
  if (format.name === 'svg') return createSvgFormat();
  return format;
}

/** What lies between the last cycle and now is collected first. */
async function keptSpan(api: Api, ask: Ask): Promise<Span> {
  const span = spanOf(ask.url.searchParams, api.store, ask.now);
  const { live } = api;
  if (live !== undefined && span.to > (live.store.samples.to ?? 0)) await live.cycles.now();
  return span;
}

/** From now on: the samples until now are another cycle's. */
async function comingSpan(api: Api, ask: Ask, seconds: number): Promise<Span> {
  const { waiting, cycles } = liveOf(api);
  const leave = waiting.take(ask.client);
  try {
    ask.keepOpen();
    const from = await cycles.now();
    // From when it was collected on: naming what there was may have taken a second, and pprof does not wait long.
    await sleep(Math.max(0, from + seconds * 1000 - Date.now()), ask.gone);
    return { from, to: await cycles.now() };
  } finally {
    leave();
  }
}

async function answer(api: Api, ask: Ask, format: OutputFormat, span: Span): Promise<Response> {
  const { searchParams } = ask.url;
  const scope: Scope | undefined = scopeOf(searchParams, api.store, span);
  const key = keyOf(`profile ${format.name}`, span, searchParams);
  const bytes = await computed(api, key, async () => {
    const profile = await api.store.profile(span, scope);
    await pauseBetween();
    return themed(format.encode(profile), searchParams);
  });
  const [extension = ''] = format.extensions;
  const isPage = format.name === 'html' || format.name === 'svg';
  return reply(ask.request, bytes, {
    type: format.mediaType,
    headers: {
      ...(isPage ? DOCUMENT_HEADERS : {}),
      'content-disposition': `${isPage ? 'inline' : 'attachment'}; filename="waggle-${fileTime(span.from)}${extension}"`,
    },
  });
}

/** Others get their turn. */
const pauseBetween = () => Bun.sleep(0);

/** Pages follow the system's choice of dark and light unless they are told. */
export function themed<Text extends string | Uint8Array>(
  document: Text,
  parameters: URLSearchParams,
): string | Uint8Array {
  const theme = parameters.get('theme');
  if (theme !== null && theme !== 'dark' && theme !== 'light')
    throw badRequest('bad-theme', 'theme is dark or light.');
  if (theme === null || typeof document !== 'string') return document;
  return document.replace('<html lang="en">', `<html lang="en" data-theme="${theme}">`);
}

const mediaTypeOf = (format: { readonly extensions: readonly string[] }): string =>
  formats.find(({ extensions }) => extensions.some((each) => format.extensions.includes(each)))
    ?.mediaType ?? 'text/plain; charset=utf-8';

/** 2026-03-01T12-00-00Z, for names of files: of UTC, as all that is not drawn on a page. */
export function fileTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(':', '-').concat('Z');
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}
