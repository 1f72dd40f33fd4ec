/**
 * Tells when nobody reads a pipe or socket of ours any more. Who writes learns it by EPIPE; who has nothing
 * to write has to look.
 */

import { fstatSync } from 'node:fs';
import type { Native } from '../native/native.ts';
import { isHungUp } from './hang-up.ts';

/** One system call each. */
const LOOK_MS = 250;

/** Calls `onGone` once, unless disposed before. Does nothing for files and terminals. */
export function watchReader(native: Native, fd: number, onGone: () => void): Disposable {
  const kind = fstatSync(fd);
  if (!kind.isFIFO() && !kind.isSocket()) return { [Symbol.dispose]: () => {} };
  const timer = setInterval(() => {
    if (!isHungUp(native, fd)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
