/**
 * What reading a file may take: memory, by how much comes out of it. A file of a few kilobytes can say
 * of itself that it is gigabytes, once it is unpacked or once each of its stacks is written out; what
 * is read is counted before it is made, and a file that asks for too much is refused in words. Every
 * parser spends from one budget for the whole file, larger for larger files.
 */

import type { ProfileFrame } from './profile.ts';

/** For any file, in bytes of memory. */
const BASE = 64 * 1024 * 1024;
/** More for each byte of the file as it was given, packed or not. */
const PER_BYTE = 48;
/** Whatever its size. */
const MOST = 6 * 1024 ** 3;

/** Roughly what JavaScriptCore and V8 take for each, in bytes. */
export const REFERENCE = 8;
const OBJECT = 64;
const FRAME = 120;

/** A file that is too much to read. */
export class ProfileTooLargeError extends Error {
  override readonly name = 'ProfileTooLargeError';
  readonly code = 'PROFILE_TOO_LARGE';
}

export class MemoryBudget {
  readonly #fileBytes: number;
  readonly #limit: number;
  #left: number;

  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes;
    this.#limit = Math.min(MOST, BASE + PER_BYTE * fileBytes);
    this.#left = this.#limit;
  }

  /** The same again, for what is made when all that was spent on is gone or was small. */
  anew(): MemoryBudget {
    return new MemoryBudget(this.#fileBytes);
  }

  /** Bytes that are still free. */
  get left(): number {
    return this.#left;
  }

  /** @throws ProfileTooLargeError when that is more than is left. */
  spend(bytes: number, what: string): void {
    this.#left -= bytes;
    if (this.#left < 0) throw this.tooLarge(what);
  }

  /** Frames in a stack: references to frames that were counted already. */
  stack(frames: number): void {
    this.spend(REFERENCE * (frames + 4), 'the frames of its stacks');
  }

  /** A frame, an object of its own, and what it takes to tell it from others. */
  frame({ name, object = '', file = '' }: ProfileFrame): void {
    this.spend(FRAME + 2 * (name.length + object.length + file.length), 'its functions');
  }

  /** Rows of a table, or values of a stack. */
  rows(count: number, what: string): void {
    this.spend(OBJECT * count, what);
  }

  numbers(count: number, what: string): void {
    this.spend(REFERENCE * count, what);
  }

  tooLarge(what: string): ProfileTooLargeError {
    return new ProfileTooLargeError(
      `reading it would take too much memory: ${what} alone need more than what is left of ` +
        `${sizeOf(this.#limit)}, the limit for a file of ${sizeOf(this.#fileBytes)}`,
    );
  }
}

function sizeOf(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}

/**
 * What JSON will be in memory, before it is parsed: by its brackets, commas and colons. Those inside
 * of texts are counted too, which is no harm.
 */
export function spendOnJson(text: string, budget: MemoryBudget): void {
  let bytes = 2 * REFERENCE;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // { [ , :
    if (code === 0x7b || code === 0x5b) bytes += OBJECT;
    else if (code === 0x2c || code === 0x3a) bytes += REFERENCE;
    if (bytes > budget.left) break;
  }
  budget.spend(bytes, 'the values of its JSON');
}
