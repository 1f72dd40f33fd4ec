/**
 * One line of a perf map, `START SIZE name` with hexadecimal numbers. Format:
 * tools/perf/Documentation/jit-interface.txt.
 */
const SPACE = 0x20;
const RETURN = 0x0d;
/** Above this a double is not exact any more, and no user address on x86-64 or AArch64. */
export const MAX_ADDRESS = Number.MAX_SAFE_INTEGER;

/** Whether there is nothing in a line but its end. */
export function isBlank(bytes: Uint8Array, from: number, newline: number): boolean {
  return newline === from || (newline === from + 1 && bytes[from] === RETURN);
}

/** Read into one object: one for each line would be garbage for each. */
export class MapLine {
  start = 0;
  size = 0;
  /** Where the name begins and ends. */
  nameStart = 0;
  nameEnd = 0;
  #number = 0;

  /** Whether it is an entry: code of some bytes at an address that there can be, with a name. */
  read(bytes: Uint8Array, from: number, newline: number): boolean {
    const end = newline > from && bytes[newline - 1] === RETURN ? newline - 1 : newline;
    const afterStart = this.#hex(bytes, from, end);
    this.start = this.#number;
    const afterSize = afterStart < 0 ? -1 : this.#hex(bytes, afterStart, end);
    this.size = this.#number;
    if (afterSize < 0 || afterSize >= end) return false;
    this.nameStart = afterSize;
    this.nameEnd = end;
    return this.size > 0 && this.start + this.size <= MAX_ADDRESS;
  }

  /** Reads a number and the spaces behind it; gives where they end, or -1 if it is none. */
  #hex(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    if (bytes[at] === 0x30 && (bytes[at + 1] ?? 0) === 0x78) at += 2;
    const first = at;
    let value = 0;
    for (; at < end; at++) {
      const digit = hexDigit(bytes[at] as number);
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    this.#number = value;
    if (at === first || at - first > 16 || bytes[at] !== SPACE) return -1;
    while (at < end && bytes[at] === SPACE) at++;
    return at;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  return -1;
}
