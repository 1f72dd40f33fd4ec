/**
 * Lengths of time and sizes as people write them: in sentences and tables with a space before the unit, and
 * in at most five columns where many stand side by side, as ps and top have them.
 */

/** 412 µs, 3.1 ms, 900 ms, 12.4 s, 2m05s, 3h07m, 2d02h. */
export function durationText(nanoseconds: bigint | number): string {
  const us = Number(nanoseconds) / 1000;
  // Rounded up, a unit would have as many digits as the next one begins with.
  if (us < 999.5) return `${us.toFixed(0)} µs`;
  if (us < 99_950) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 999_500) return `${(us / 1000).toFixed(0)} ms`;
  const exact = us / 1e6;
  if (exact < 59.95) return `${exact.toFixed(1)} s`;
  const seconds = Math.round(exact);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${twoDigits(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${twoDigits((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${twoDigits((seconds % 86_400) / 3600)}h`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** 512 B, 1.4 MB, 45 MB, 2.0 GB: units of 1000, with a digit behind the point below 10. */
export function sizeText(bytes: bigint | number): string {
  let size = Number(bytes);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 9.95 ? size.toFixed(0) : size.toFixed(1)} ${UNITS[unit]}`;
}

const SHORT_UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];

/** `934K`, `1.2G`: at most five columns. Units of 1024. */
export function shortSize(bytes: number): string {
  let value = Math.max(bytes, 0);
  let unit = 0;
  while (value >= 1000 && unit < SHORT_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${SHORT_UNITS[unit]}`;
}

/** `4.2s`, `3m07`, `5h12`, `18d`: at most five columns. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 1) return `${Math.round(ms)}ms`;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${twoDigits(seconds % 60)}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h${twoDigits(minutes % 60)}`;
  return `${Math.floor(hours / 24)}d`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
