/** Moments as people write them, in the time zone of this machine. */

const AGO: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DAY_MS = 86_400_000;

/**
 * `03:17`, `03:17:30` (the last time that it was), `yesterday`, `yesterday 03:17`, `2026-11-29`, `2026-11-29 03:17`, RFC 3339,
 * `15m` or `15m ago`, `now`, `@SECONDS`.
 *
 * @param now in ms since 1970
 * @returns ns since 1970; undefined for what is none
 */
export function parseMoment(text: string, now: number): bigint | undefined {
  const trimmed = text.trim();
  if (trimmed === 'now') return fromMs(now);
  return sinceEpoch(trimmed) ?? ago(trimmed, now) ?? clock(trimmed, now) ?? date(trimmed);
}

const fromMs = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

function sinceEpoch(text: string): bigint | undefined {
  const [, seconds, fraction = ''] = /^@(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function ago(text: string, now: number): bigint | undefined {
  const [, spans] = /^-?((?:\d{1,7}[smhdw])+)(?:\s+ago)?$/.exec(text) ?? [];
  if (spans === undefined) return undefined;
  let seconds = 0;
  for (const [, count, unit = ''] of spans.matchAll(/(\d+)([a-z])/g))
    seconds += Number(count) * (AGO[unit] ?? 0);
  return fromMs(now - seconds * 1000);
}

/** A time of day, today or, where that is still to come, yesterday. */
function clock(text: string, now: number): bigint | undefined {
  const [, day, time] =
    /^(?:(today|yesterday)\s*)?(\d{1,2}:\d\d(?::\d\d(?:\.\d{1,3})?)?)?$/.exec(text) ?? [];
  if (day === undefined && time === undefined) return undefined;
  const at = new Date(day === 'yesterday' ? now - DAY_MS : now);
  const [hours = 0, minutes = 0, seconds = 0] = (time ?? '0:0').split(':').map(Number);
  if (hours > 23 || minutes > 59 || seconds >= 60) return undefined;
  at.setHours(hours, minutes, Math.floor(seconds), Math.round((seconds % 1) * 1000));
  if (day === undefined && at.getTime() > now) at.setDate(at.getDate() - 1);
  return fromMs(at.getTime());
}

const DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?)?$/;

function date(text: string): bigint | undefined {
  const [, day, time = '00:00', seconds = ':00', fraction = '', zone = ''] = DATE.exec(text) ?? [];
  if (day === undefined) return undefined;
  const ms = new Date(`${day}T${time}${seconds}${zone}`).getTime();
  // 2026-02-31 becomes the third of March, which nobody meant.
  if (Number.isNaN(ms) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day)
    return undefined;
  return fromMs(ms) + BigInt(fraction.padEnd(9, '0'));
}

/** In the time zone of this machine: `2026-11-29 03:17:04.123`. */
export function momentText(ns: bigint): string {
  const at = new Date(Number(ns / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** RFC 3339 in UTC, to the nanosecond. */
export function momentUtc(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}
