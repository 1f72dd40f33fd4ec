/**
 * How emphasis looks on a terminal. Text of others is made harmless by printable() and
 * commandLine() of @waggle/text.
 */

import { hasColour } from './colour.ts';

export interface Palette {
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
}

const paint = (code: number, on: boolean) => (text: string) =>
  on ? `\u001b[${code}m${text}\u001b[0m` : text;

/** Colours where `--color`, the terminal and NO_COLOR say so. */
export function palette(isTerminal: boolean, environment = process.env): Palette {
  const on = hasColour(isTerminal, environment);
  return {
    dim: paint(2, on),
    green: paint(32, on),
    red: paint(31, on),
    yellow: paint(33, on),
    bold: paint(1, on),
  };
}
