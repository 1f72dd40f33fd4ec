/** Times as whoever looks at a page has them on the wall, with the zone said. */

const UTC_TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/;

const two = (value: number): string => String(value).padStart(2, '0');

/** The zone of the browser at a moment: `UTC`, `UTC+2`, `UTC-3:30`. */
export function zoneText(ms: number): string {
  const ahead = -new Date(ms).getTimezoneOffset();
  if (ahead === 0) return 'UTC';
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
  return `UTC${ahead < 0 ? '-' : '+'}${hours}${minutes === 0 ? '' : `:${two(minutes)}`}`;
}

/** The first `2026-03-01 14:03:05 UTC` of a text by the browser's clock; a text without one as it is. */
export function withLocalTime(text: string): string {
  return text.replace(UTC_TIME, (given, day: string, time: string) => {
    const date = new Date(`${day}T${time}Z`);
    if (Number.isNaN(date.getTime())) return given;
    const local = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
    const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
    return `${local} ${clock} ${zoneText(date.getTime())}`;
  });
}
