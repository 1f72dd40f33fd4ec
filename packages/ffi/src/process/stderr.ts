/**
 * Words for people on stderr. Nobody may be there to read them: a reader that has stopped is waited for a
 * moment, and less each time, and keeps nothing else from being done.
 *
 * Not through process.stderr: on Bun that makes a pipe non-blocking for everybody who shares it, a command
 * that we run included.
 */

import { fstatSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors/errno-of.ts';
import { openWithoutWaiting } from './open-without-waiting.ts';

const STDERR = 2;
/** How long a reader that is behind is waited for; a fourth of it when it did not read for so long. */
const PATIENCE_MS = 2000;
const RETRY_MS = 5;

let patienceMs = PATIENCE_MS;
let opened: number | undefined;
let send: ((bytes: Uint8Array) => number) | undefined;

/** As it is; without a word when stderr is closed, full, broken, or a pipe, socket or terminal that nobody reads. */
export function writeToStderr(text: string): void {
  const until = performance.now() + patienceMs;
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0; ) {
    const taken = writeSome(bytes);
    if (taken === undefined) return;
    bytes = bytes.subarray(taken);
    if (taken > 0) continue;
    if (performance.now() > until) {
      patienceMs /= 4;
      return;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }
}

/**
 * How to write to a socket without waiting, which Node's calls cannot: 0 where there is no room now. Until it
 * is known, a reader of a socket is waited for.
 */
export function sendStderrBy(sender: (fd: number, bytes: Uint8Array) => number): void {
  if (kindOf(STDERR)?.isSocket() === true) send = (bytes) => sender(STDERR, bytes);
}

/** How many bytes were taken, 0 where there is no room now; undefined where there is nobody. */
function writeSome(bytes: Uint8Array): number | undefined {
  try {
    if (send !== undefined) return send(bytes);
    opened ??= openWithoutWaiting(STDERR) ?? STDERR;
    return writeSync(opened, bytes);
  } catch (error) {
    return errnoOf(error) === 'EAGAIN' ? 0 : undefined;
  }
}

/** Undefined where it is closed. */
function kindOf(fd: number) {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}
