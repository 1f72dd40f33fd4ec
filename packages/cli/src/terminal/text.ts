/**
 * How emphasis looks on a terminal. Text of others is made harmless by printable() and
 * commandLine() of @waggle/text.
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
