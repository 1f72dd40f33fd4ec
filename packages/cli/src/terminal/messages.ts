/**
 * Words for people, on stderr, one line each with the program's name; and one line on a terminal that
 * says how far something is, and makes room for words.
 */

import { writeToStderr } from '@waggle/ffi/stderr';
// Alone, both: --help loads nothing else of core and ffi.
import { printable } from '@waggle/text';

const CLEAR_LINE = '\r\u001b[K';
/** Of a message, before and after it is escaped: what others wrote may have no end, and an escape is six of one. */
const MAX_CHARACTERS = 8192;

let progress = '';

/**
 * Names of functions, files and plugins are others': nothing in them moves the cursor, and a line of
 * theirs does not look like one of ours.
 */
export function say(text: string): void {
  const lines = cut(cut(text).split('\n').map(printable).join('\n    '));
  writeToStderr(`${progress === '' ? '' : CLEAR_LINE}waggle: ${lines}\n${progress}`);
}

/** Its beginning and its end, which say what it is about and what can be done. */
function cut(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  const [first, last] = [text.slice(0, MAX_CHARACTERS / 2), text.slice(-MAX_CHARACTERS / 2)];
  return `${first} … (${text.length - MAX_CHARACTERS} characters more) … ${last}`;
}

/** Only where stderr is a terminal. The line stands until clearProgress(). */
export function showProgress(text: string): void {
  progress = text;
  writeToStderr(`${CLEAR_LINE}${text}`);
}

export function clearProgress(): void {
  if (progress === '') return;
  progress = '';
  writeToStderr(CLEAR_LINE);
}
