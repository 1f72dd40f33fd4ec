/** Numbers and times as people read them. */

export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 14:03:05, in the reader's own time zone. */
export function clockText(ms: number, withMillis = false): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return withMillis ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

/** With its day, in the reader's own time zone: 2026-03-01 14:03:05. */
function dayAndClockText(ms: number): string {
  return `${dayText(ms)} ${clockText(ms)}`;
}

/** 2026-03-01, in the reader's own time zone. */
export function dayText(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** As an input of a day and a time has it. */
export function localText(ms: number): string {
  return `${dayText(ms)}T${clockText(ms)}`;
}

/** Both ends, and the day where it is not today. */
export function spanText({ from, to }: { readonly from: number; readonly to: number }): string {
  const today = dayText(Date.now());
  if (dayText(from) === today && dayText(to) === today)
    return `${clockText(from)} \u2013 ${clockText(to)}`;
  const end = dayText(from) === dayText(to) ? clockText(to) : dayAndClockText(to);
  return `${dayAndClockText(from)} \u2013 ${end}`;
}

export function durationText(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toPrecision(3))} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms % 60_000) / 1000);
  return minutes < 60
    ? `${minutes} min${seconds > 0 ? ` ${seconds} s` : ''}`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What others wrote, without what moves text about: controls and marks of direction become visible. */
export function safeText(text: string): string {
  // Nearly all of it.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
  });
}

export function commandText(argv: readonly string[] | null, comm: string): string {
  return safeText(argv === null || argv.length === 0 ? comm : argv.join(' '));
}
