// Text of other processes on a terminal: nothing they chose may move the cursor, clear the
// screen or forge a line.

/** Control characters, the C1 range and direction overrides, which terminals act upon. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be escaped
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The same text with everything that a terminal acts upon made visible. */
export function printable(text: string): string {
  return text.replace(
    UNSAFE,
    (character) =>
      SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One argument as it could be typed in a shell. */
export function shellWord(argument: string): string {
  const safe = printable(argument);
  if (safe !== argument) return `$'${safe.replaceAll("'", "\\'")}'`;
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

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
