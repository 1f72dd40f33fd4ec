/**
 * What requests ask for: spans, processes, formats. Everything that cannot be meant is a problem that says what
 * can.
 */

import { badRequest, notFound } from '../answers/problem.ts';
import type { KeptHost, Scope } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Clocks of two machines may differ so far: a moment of the near future is now. */
const FUTURE_MS = 5000;

/** `now`, an age (`-10s`, `-5m`), milliseconds since 1970, or a time as RFC 3339 has it. */
function momentOf(name: string, text: string, now: number): number {
  if (text === 'now') return now;
  const [, number, unit] = /^-(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (unit !== undefined) return now - Number(number) * (UNITS_MS[unit] ?? 1);
  if (/^\d{12,14}(?:\.\d+)?$/.test(text)) return Number(text);
  const time = /^\d{4}-\d\d-\d\d[Tt]/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw badRequest(
      'bad-span',
      `${name} is no moment: give an age such as -10s or -5m, milliseconds since 1970, or a time such as 2026-03-01T12:00:00Z.`,
    );
  return time;
}

/**
 * @param prefix of the names: `baseFrom` and `baseTo` for `base`
 * @throws Problem 400 for what is no span, 404 for one that is not kept
 */
export function spanOf(
  parameters: URLSearchParams,
  store: KeptHost,
  now: number,
  prefix: '' | 'base' = '',
): Span {
  const [fromName, toName] = prefix === '' ? ['from', 'to'] : ['baseFrom', 'baseTo'];
  const oldest = store.from(now);
  const from = parameters.get(fromName);
  const to = parameters.get(toName);
  const span = {
    from: from === null ? oldest : momentOf(fromName, from, now),
    to: to === null ? now : momentOf(toName, to, now),
  };
  if (from !== null && span.to <= span.from)
    throw badRequest(
      'bad-span',
      `The span ends before it begins: ${toName} must be after ${fromName}.`,
    );
  if (span.to < oldest || span.from > now + FUTURE_MS)
    throw notFound(
      'span-not-kept',
      `Nothing is kept of that time: from ${new Date(oldest).toISOString()} until ${new Date(now).toISOString()} it is.`,
      { oldest, newest: now },
    );
  const until = Math.min(span.to, now);
  // Of what a clock ahead of ours takes for now nothing has happened yet: the span is empty, and does not end before it begins.
  return { from: Math.min(Math.max(span.from, oldest), until), to: until };
}

/** Whole or broken seconds. @throws Problem 400 */
export function secondsOf(parameters: URLSearchParams, otherwise: number, most: number): number {
  const text = parameters.get('seconds');
  if (text === null) return otherwise;
  const seconds = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || !(seconds >= 0.1 && seconds <= most))
    throw badRequest('bad-seconds', `seconds must be a number from 0.1 to ${most}.`);
  return seconds;
}

/**
 * @param span in which it is looked for, where more than one had its pid
 * @throws Problem 400, and 404 for a process that nobody knows any more
 */
export function scopeOf(
  parameters: URLSearchParams,
  store: KeptHost,
  span: Span,
): Scope | undefined {
  const text = parameters.get('pid');
  const start = parameters.get('start');
  if (text === null) {
    if (start !== null)
      throw badRequest('bad-pid', 'start goes with pid: they are one process together.');
    return undefined;
  }
  if (!/^\d{1,7}$/.test(text)) throw badRequest('bad-pid', 'pid must be the number of a process.');
  if (start !== null && !/^\d{1,20}$/.test(start))
    throw badRequest('bad-pid', 'start must be a number of nanoseconds.');
  const scope = store.scopeOf(Number(text), start ?? undefined, span);
  if (scope === undefined)
    throw notFound(
      'no-such-process',
      `No process ${text} is known: it ended before what is kept, or never ran. GET /api/processes lists those that are.`,
    );
  return scope;
}

/** @throws Problem 400 */
export function limitOf(parameters: URLSearchParams, otherwise: number, most: number): number {
  const text = parameters.get('limit');
  if (text === null) return otherwise;
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1 || Number(text) > most)
    throw badRequest('bad-limit', `limit must be a whole number from 1 to ${most}.`);
  return Number(text);
}

/** What nobody reads would be a mistake that nobody sees. @throws Problem 400 */
export function onlyKnown(parameters: URLSearchParams, known: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (name !== 'token' && !known.includes(name))
      throw badRequest(
        'unknown-parameter',
        `There is no parameter of that name here${known.length === 0 ? '' : `: there are ${known.join(', ')}`}.`,
      );
    if (seen.has(name))
      throw badRequest('twice', `${name} is given twice: it can be meant only once.`);
    seen.add(name);
  }
}
