/**
 * Words for people, on stderr, one line each with the program's name; and one line on a terminal that
 * says how far something is, and makes room for words. Nobody may be there to read them: that keeps nothing
 * else from being done.
 *
 * Not through process.stderr: on Bun that makes a pipe non-blocking for everybody who shares it, a command
 * that we run included.
 */

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
// Alone: --help loads nothing else of core.
import { printable } from '@waggle/core/printable';

const STDERR = 2;
/** How long a reader that is behind is waited for, and once it did not read for so long. */
const PATIENCE_MS = 2000;
const LESS_PATIENCE_MS = 200;
const RETRY_MS = 5;
const CLEAR_LINE = '\r\u001b[K';

let progress = '';
let patienceMs = PATIENCE_MS;
let opened: number | undefined;

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
  const until = performance.now() + patienceMs;
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0; ) {
    try {
      opened ??= openStderr();
      bytes = bytes.subarray(writeSync(opened, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      if (performance.now() > until) {
        patienceMs = LESS_PATIENCE_MS;
        return;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** A pipe is opened once more, so that a reader who has stopped cannot stop us, nor a command with us. */
function openStderr(): number {
  if (!fstatSync(STDERR).isFIFO()) return STDERR;
  try {
    return openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Another user's pipe, or one without a reader.
    return STDERR;
  }
}
