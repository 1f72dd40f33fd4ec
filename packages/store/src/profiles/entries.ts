/**
 * What was sampled in one span: which process had which stack how often, in a few bytes each. Varints (LEB128),
 * sorted by process and stack so that differences are small, and zstd over all of it.
 */

import { zstdDecompressSync } from 'node:zlib';

export interface ProfileEntry {
  readonly pid: number;
  /** Boot clock, ns. */
  readonly startTime: bigint;
  /** Row of `stack`. */
  readonly stack: number;
  readonly count: number;
}

const LEVEL = 6;
/** A span of the largest host has less. */
const MAX_BYTES = 16 << 20;
/** No two entries are the same: what packs better than that is none, and is not unpacked to its end. */
const MAX_RATIO = 1000;
const FEW_BYTES = 65_536;
/** As many as a profile may have, of a span or of many; zeros that are packed well would be more. */
export const MAX_ENTRIES = 2 << 20;

export function packEntries(entries: readonly ProfileEntry[]): Uint8Array {
  const sorted = [...entries].sort(
    (a, b) => a.pid - b.pid || Number(a.startTime - b.startTime) || a.stack - b.stack,
  );
  const out = new Varints();
  out.put(BigInt(sorted.length));
  let before: ProfileEntry | undefined;
  for (const entry of sorted) {
    const isSame = before?.pid === entry.pid && before.startTime === entry.startTime;
    out.put(isSame ? 0n : 1n);
    if (!isSame) {
      out.put(BigInt(entry.pid));
      out.put(entry.startTime);
    }
    out.put(BigInt(isSame ? entry.stack - (before?.stack ?? 0) : entry.stack));
    out.put(BigInt(entry.count));
    before = entry;
  }
  return new Uint8Array(Bun.zstdCompressSync(out.bytes(), { level: LEVEL }));
}

/** @throws RangeError for bytes that are no entries */
export function unpackEntries(packed: Uint8Array): ProfileEntry[] {
  const input = new VarintReader(unpacked(packed));
  const count = Number(input.next());
  if (count > MAX_ENTRIES) throw new RangeError(`${count} entries are more than a span has`);
  const entries: ProfileEntry[] = [];
  let [pid, startTime, stack] = [0, 0n, 0];
  for (let at = 0; at < count; at++) {
    const isOther = input.next() === 1n;
    if (isOther) {
      pid = Number(input.next());
      startTime = input.next();
      stack = 0;
    }
    stack += Number(input.next());
    entries.push({ pid, startTime, stack, count: Number(input.next()) });
  }
  return entries;
}

function unpacked(packed: Uint8Array): Uint8Array {
  const maxOutputLength = Math.min(MAX_BYTES, FEW_BYTES + packed.length * MAX_RATIO);
  try {
    return zstdDecompressSync(packed, { maxOutputLength });
  } catch (error) {
    throw new RangeError('the entries of a profile are damaged, or more than a span has', {
      cause: error,
    });
  }
}

class Varints {
  #bytes = new Uint8Array(4096);
  #length = 0;

  put(value: bigint): void {
    let rest = value;
    do {
      if (this.#length === this.#bytes.length) this.#grow();
      const more = rest > 0x7fn ? 0x80 : 0;
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | more;
      rest >>= 7n;
    } while (rest > 0n);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

class VarintReader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  next(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('the entries of a profile end in the middle of a number');
  }
}
