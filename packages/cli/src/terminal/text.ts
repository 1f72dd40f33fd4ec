/**
 * How numbers and emphasis look on a terminal. Text of others is made harmless by printable() and
 * shell-words.ts.
 */

export interface Palette {
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
}

const paint = (code: number, on: boolean) => (text: string) =>
  on ? `\u001b[${code}m${text}\u001b[0m` : text;

/** Colours only on a terminal and never with NO_COLOR (no-color.org). */
export function palette(isTerminal: boolean, environment = process.env): Palette {
  const on = isTerminal && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return {
    dim: paint(2, on),
    green: paint(32, on),
    red: paint(31, on),
    yellow: paint(33, on),
    bold: paint(1, on),
  };
}

/** A length of time in the unit people would use: 412µs, 3.1ms, 12.4s, 2m05s, 3h07m. */
export function humanDuration(nanoseconds: bigint): string {
  const us = Number(nanoseconds) / 1000;
  if (us < 1000) return `${us.toFixed(0)}µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(1)}ms`;
  const seconds = us / 1e6;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h`;
}
