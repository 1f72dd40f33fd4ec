// Words for people, on stderr, one line each with the program's name; and one line on a terminal that
// says how far something is, and makes room for words. Nobody may be there to read them: that keeps nothing
// else from being done.
//
// Not through process.stderr: on Bun that makes a pipe non-blocking for everybody who shares it, a command
// that we run included.

import { writeSync } from 'node:fs';
// Alone: --help loads nothing else of core.
import { printable } from '@waggle/core/printable';

const STDERR = 2;
/** How long a reader that is behind is waited for, where writing does not block by itself. */
const PATIENCE_MS = 1000;
const RETRY_MS = 5;
const CLEAR_LINE = '\r\u001b[K';

let progress = '';

/**
 * Names of functions, files and plugins are others': nothing in them moves the cursor, and a line of
 * theirs does not look like one of ours.
 */
export function say(text: string): void {
  const lines = text.split('\n').map(printable).join('\n    ');
  writeToStderr(`${progress === '' ? '' : CLEAR_LINE}waggle: ${lines}\n${progress}`);
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

/** As it is; without a word when stderr is closed, full or broken. */
export function writeToStderr(text: string): void {
  const until = performance.now() + PATIENCE_MS;
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0; ) {
    try {
      bytes = bytes.subarray(writeSync(STDERR, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > until) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
