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
  let first = 0;
  for (let row = 0; row < offsets.length; row++) {
    const full = row - first === L.ROWS_PER_BLOCK;
    if (row === 0 || full || offsets[row]! - offsets[first]! > L.MAX_DISTANCE) {
      starts[count++] = row;
      first = row;
    }
  }
  return starts.subarray(0, count);
}

/** Throws `UnwindError('too-large')` when the rows need more blocks than the root can name. */
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
  for (let block = 0; block < starts.length; block++) {
    const at = (1 + directoryBlocks + block) * L.BLOCK_BYTES;
    writeRows(view, at, rows, starts[block]!, starts[block + 1] ?? offsets.length);
  }
  const rulesAt = (1 + directoryBlocks + starts.length) * L.BLOCK_BYTES;
  rules.words.forEach((word, index) => {
    view.setInt32(rulesAt + index * 4, word, true);
  });
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

function writeRows(view: DataView, at: number, rows: RowList, first: number, end: number): void {
  const { offsets, rules } = rows;
  const base = offsets[first]!;
  for (let slot = 0; slot < L.ROWS_PER_BLOCK; slot++) {
    // The unused end repeats the last rule at the greatest distance: a search needs no row count.
    const row = Math.min(first + slot, end - 1);
    const distance = first + slot < end ? offsets[row]! - base : L.MAX_DISTANCE;
    view.setUint16(at + slot * 2, distance, true);
    view.setUint16(at + L.ROW_RULES + slot * 2, rules[row]!, true);
  }
}
