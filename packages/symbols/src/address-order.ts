/**
 * Sorts 64-bit addresses, held as two 32-bit halves, by radix: linear in their number whatever
 * they are, and without a comparator call or a BigInt per comparison. Stable, so that entries at
 * one address keep their order in the file.
 */
const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;

/** The indices of `high`/`low` in ascending order of address. */
export function orderByAddress(high: Uint32Array, low: Uint32Array): Uint32Array<ArrayBuffer> {
  const count = low.length;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (isSorted(high, low)) return order;
  let spare = new Uint32Array(count);
  for (const half of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (!scatter(half, shift, order, spare)) continue;
      [order, spare] = [spare, order];
    }
  }
  return order;
}

/** One counting-sort pass; false, and nothing done, when all entries share this digit. */
function scatter(half: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array): boolean {
  const next = new Uint32Array(BUCKETS);
  for (let i = 0; i < half.length; i++) {
    const digit = ((half[i] as number) >>> shift) & (BUCKETS - 1);
    next[digit] = (next[digit] as number) + 1;
  }
  let position = 0;
  for (let digit = 0; digit < BUCKETS; digit++) {
    const size = next[digit] as number;
    if (size === half.length) return false;
    next[digit] = position;
    position += size;
  }
  for (let i = 0; i < from.length; i++) {
    const entry = from[i] as number;
    const digit = ((half[entry] as number) >>> shift) & (BUCKETS - 1);
    const at = next[digit] as number;
    next[digit] = at + 1;
    to[at] = entry;
  }
  return true;
}

function isSorted(high: Uint32Array, low: Uint32Array): boolean {
  for (let i = 1; i < low.length; i++) {
    const before = high[i - 1] as number;
    const here = high[i] as number;
    if (before > here) return false;
    if (before === here && (low[i - 1] as number) > (low[i] as number)) return false;
  }
  return true;
}
