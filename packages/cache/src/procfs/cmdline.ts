/**
 * /proc/PID/cmdline: arguments that each end in NUL. A process may write over them (setproctitle,
 * Perl's $0): then there is one text, with no NUL at its end, or with padding after it.
 * Nothing in the file says which it is, so the rules below are a judgement; see `parseCmdline`.
 */

import { decodeBytes } from './text.ts';

/**
 * - ends in NUL: the arguments, empty ones included (`cmd ''` is two);
 * - does not end in NUL: a rewritten title, one element, trailing blanks cut;
 * - a first text followed by nothing but NULs: padding of a rewritten title, if the text has a
 *   space in it or the NULs are three or more. `cmd '' ''` is read as a title too: the price.
 *
 * Bytes that are not UTF-8 are kept as decodeBytes() does. `truncated` keeps the last argument from being taken
 * for a title.
 */
export function parseCmdline(bytes: Uint8Array, truncated = false): string[] {
  if (bytes.length === 0) return [];
  const endsInNul = bytes[bytes.length - 1] === 0;
  const text = decodeBytes(endsInNul ? bytes.subarray(0, -1) : bytes);
  const args = text.split('\0');
  if (args.length === 1 && !endsInNul && !truncated) return [text.trimEnd()];
  return isPaddedTitle(args) ? args.slice(0, 1) : args;
}

function isPaddedTitle(args: readonly string[]): boolean {
  const first = args[0];
  if (args.length < 2 || first === undefined || first === '') return false;
  for (let i = 1; i < args.length; i++) if (args[i] !== '') return false;
  return args.length > 2 || first.includes(' ');
}

/**
 * The first word of a command line, which is all that is printed of it unless more is asked for.
 * A title like `postgres: alice SECRET` is one argument, so the word ends at white space too.
 */
export function firstWord(args: readonly string[]): string {
  return /^\S*/.exec(args[0] ?? '')?.[0] ?? '';
}
