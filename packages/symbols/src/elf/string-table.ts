/**
 * NUL-terminated names in a string table. The length is bounded, so that a table without a single
 * NUL cannot turn each of many names into a copy of the table.
 */
/** Bytes that are not UTF-8 come out as U+FFFD. */
export const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The name at `offset`, cut after `limit` bytes; '' when the offset lies outside the table. */
export function stringAt(table: Uint8Array, offset: number, limit: number): string {
  return utf8.decode(bytesAt(table, offset, limit));
}

/** The bytes of that name, a view into the table. */
export function bytesAt(table: Uint8Array, offset: number, limit: number): Uint8Array {
  if (offset >= table.length) return new Uint8Array(0);
  const stop = Math.min(table.length, offset + limit);
  let end = offset;
  while (end < stop && table[end] !== 0) end++;
  return table.subarray(offset, end);
}
