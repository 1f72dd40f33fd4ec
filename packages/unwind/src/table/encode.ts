/**
 * Rows and rules to blocks. A row block holds up to 256 rows that lie within 64 KiB of its first
 * one, so that two bytes say where a row begins and two say which rule it has.
 */
import { UnwindError } from '../error.ts';
import * as L from './layout.ts';
import type { RowList } from './row-list.ts';
import type { RuleDictionary } from './rule-dictionary.ts';

/** Index of the first row of each row block. */
function blockStarts(offsets: Uint32Array): Uint32Array {
  const starts = new Uint32Array(offsets.length);
  let count = 0;
  for (let first = 0; first < offsets.length; first = blockEnd(offsets, first)) {
    starts[count++] = first;
  }
  return starts.subarray(0, count);
}

/** Index behind the last row of the block that begins with `first`. */
function blockEnd(offsets: Uint32Array, first: number): number {
  const last = offsets[first]! + L.MAX_DISTANCE;
  let low = first + 1;
  let high = Math.min(first + L.ROWS_PER_BLOCK, offsets.length);
  if (offsets[high - 1]! <= last) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @throws `UnwindError('too-large')` when the rows need more blocks than the root can name */
export function encodeTable(rows: RowList, rules: RuleDictionary, machine: number): Uint8Array {
  const { offsets } = rows;
  const starts = blockStarts(offsets);
  const directoryBlocks = Math.ceil(starts.length / L.DIRECTORY_FANOUT);
  const ruleBlocks = Math.ceil(rules.count / L.RULES_PER_BLOCK);
  if (directoryBlocks > L.ROOT_FANOUT) {
    throw new UnwindError('too-large', `${starts.length} blocks of rows`);
  }
  const blocks = 1 + directoryBlocks + starts.length + ruleBlocks;
  const bytes = new Uint8Array(blocks * L.BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(L.HEADER.magic, L.TABLE_MAGIC, true);
  view.setUint16(L.HEADER.version, L.FORMAT_VERSION, true);
  view.setUint16(L.HEADER.machine, machine, true);
  view.setUint32(L.HEADER.directoryBlocks, directoryBlocks, true);
  view.setUint32(L.HEADER.rowBlocks, starts.length, true);
  view.setUint32(L.HEADER.ruleBlocks, ruleBlocks, true);
  view.setUint32(L.HEADER.rows, offsets.length, true);
  view.setUint32(L.HEADER.rules, rules.count, true);
  view.setUint32(L.HEADER.start, offsets[0] ?? 0, true);
  view.setUint32(L.HEADER.end, offsets.length === 0 ? 0 : rows.end, true);
  writeKeys(view, offsets, starts, directoryBlocks);
  const { rules: ruleOf } = rows;
  const words = new Uint16Array(bytes.buffer);
  for (let block = 0; block < starts.length; block++) {
    const at = (1 + directoryBlocks + block) * L.BLOCK_BYTES;
    const first = starts[block]!;
    const end = starts[block + 1] ?? offsets.length;
    writeRows(words, at / 2, offsets.subarray(first, end), ruleOf.subarray(first, end));
  }
  const rulesAt = (1 + directoryBlocks + starts.length) * L.BLOCK_BYTES;
  new Int32Array(bytes.buffer).set(rules.words, rulesAt / 4);
  return bytes;
}

/** The first file offset of each row block into its directory, of each directory into the root. */
function writeKeys(
  view: DataView,
  offsets: Uint32Array,
  starts: Uint32Array,
  directories: number,
): void {
  for (let slot = 0; slot < L.ROOT_FANOUT; slot++) {
    const key = slot < directories ? offsets[starts[slot * L.DIRECTORY_FANOUT]!]! : L.NO_BLOCK;
    view.setUint32(L.HEADER.root + slot * 4, key, true);
  }
  for (let slot = 0; slot < directories * L.DIRECTORY_FANOUT; slot++) {
    const key = slot < starts.length ? offsets[starts[slot]!]! : L.NO_BLOCK;
    view.setUint32(L.BLOCK_BYTES + slot * 4, key, true);
  }
}

/**
 * All but the distances by operations on whole arrays: most tables are made before this code is
 * compiled. `words` is the table in units of two bytes, in the order of this machine, which is
 * little-endian like the table: waggle runs on x86-64 and AArch64.
 */
function writeRows(words: Uint16Array, at: number, offsets: Uint32Array, rules: Uint16Array): void {
  const base = offsets[0]!;
  const count = offsets.length;
  for (let row = 0; row < count; row++) words[at + row] = offsets[row]! - base;
  // The unused end repeats the last rule at the greatest distance: a search needs no row count.
  words.fill(L.MAX_DISTANCE, at + count, at + L.ROWS_PER_BLOCK);
  const rulesAt = at + L.ROW_RULES / 2;
  words.set(rules, rulesAt);
  words.fill(rules[count - 1]!, rulesAt + count, rulesAt + L.ROWS_PER_BLOCK);
}
