/** Values of settings as people write them, on the command line and in the file. */

export const USUAL_METRICS_PORT = 9478;
export const DEFAULTS = { keep: '7d', maxSize: '2G', frequency: 19 } as const;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const LEAST_KEPT_SECONDS = 60;
const BYTES: Readonly<Record<string, number>> = {
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};
/** Less than this the tables of one busy minute may have. */
const LEAST_BYTES = 16 * 1024 ** 2;

/** In seconds; undefined for what is no age. */
export function parseKeep(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  return seconds >= LEAST_KEPT_SECONDS ? seconds : undefined;
}

/** In bytes; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([KMGT])(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(count) * (BYTES[unit.toUpperCase()] ?? Number.NaN);
  return bytes >= LEAST_BYTES ? bytes : undefined;
}
