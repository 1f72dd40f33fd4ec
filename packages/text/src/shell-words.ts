/**
 * Arguments as they could be typed in a shell, so that a line of the trace can be pasted and runs what
 * ran. bash reads every word back to the very bytes, whatever its locale: that is tested with a bash.
 *
 * A word that needs escapes is $'…' (bash, ksh, zsh, POSIX.1-2024). \uXXXX is used for ASCII alone,
 * where no locale changes it; everything else is bytes in octal, whose length cannot be misread.
 */

import { escapedByte, UNSAFE_CHARACTER } from './printable.ts';

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'u');
const TO_ESCAPE = new RegExp(`[\\\\']|${UNSAFE_CHARACTER}`, 'gu');
/** In Shift JIS and its kin a backslash may be a character's second byte: a quote ends before it. */
const SWALLOWED = /(\P{ASCII})\\/gu;
/** Nothing of it means anything to a shell, in the middle of a word or at its beginning. */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;
/** Those that may also be what is run: no assignment, no job (%1). */
const PLAIN_COMMAND = /^[\w@+:,./-][\w@%+:,./-]*$/;
const RESERVED = new Set(
  'case coproc do done elif else esac fi for function if in select then time until while'.split(
    ' ',
  ),
);
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One argument. */
export function shellWord(argument: string): string {
  return PLAIN.test(argument) ? argument : quoted(argument);
}

export interface CommandLineOptions {
  /** Which arguments lack their end. */
  readonly isCut?: ((index: number) => boolean) | undefined;
  /** There are more arguments than these. */
  readonly goesOn?: boolean | undefined;
  /** Beyond that many characters of arguments the line is cut. */
  readonly limit?: number | undefined;
}

/**
 * Program and arguments. What is cut has a `…` behind its last character, outside of the quotes; the
 * line ends with a ` …` where arguments are missing.
 */
export function commandLine(
  argv: readonly string[],
  {
    isCut = () => false,
    goesOn = false,
    limit = Number.POSITIVE_INFINITY,
  }: CommandLineOptions = {},
): string {
  const words: string[] = [];
  let left = limit;
  for (const [index, argument] of argv.entries()) {
    if (argument.length > left) {
      if (left > 0) words.push(`${word(withoutHalf(argument.slice(0, left)), index)}…`);
      else words.push('…');
      return words.join(' ');
    }
    words.push(`${word(argument, index)}${isCut(index) ? '…' : ''}`);
    left -= argument.length + 1;
  }
  if (goesOn && words.at(-1)?.endsWith('…') !== true) words.push('…');
  return words.join(' ');
}

/** The first one names what is run: there a shell also knows reserved words and assignments. */
function word(argument: string, index: number): string {
  if (index > 0) return shellWord(argument);
  return PLAIN_COMMAND.test(argument) && !RESERVED.has(argument) ? argument : quoted(argument);
}

function quoted(argument: string): string {
  if (!UNSAFE.test(argument)) return `'${argument.replaceAll("'", "'\\''")}'`;
  return `$'${argument.replace(TO_ESCAPE, escaped).replace(SWALLOWED, "$1'$$'\\")}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\u${code.toString(16).padStart(4, '0')}`;
  const byte = escapedByte(code);
  if (byte !== undefined) return octal(byte);
  // Half a surrogate pair that is no byte becomes U+FFFD here, as in every output.
  return [...new TextEncoder().encode(character)].map(octal).join('');
}

function octal(byte: number): string {
  return `\\${byte.toString(8)}`;
}

/** Without the first half of a surrogate pair at its end. */
function withoutHalf(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
