/**
 * NUL-terminated names in a string table. The length is bounded, so that a table without a single
 * NUL cannot turn each of many names into a copy of the table.
 */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The name at `offset`, cut after `limit` bytes; '' when the offset lies outside the table.
 * Bytes that are not UTF-8 come out as U+FFFD.
 */
export function stringAt(table: Uint8Array, offset: number, limit: number): string {
  if (offset >= table.length) return '';
  const stop = Math.min(table.length, offset + limit);
  let end = offset;
  while (end < stop && table[end] !== 0) end++;
  return utf8.decode(table.subarray(offset, end));
}
