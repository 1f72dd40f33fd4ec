/**
 * Where things lie in an encoded table: blocks of 1 KiB, each one element of a BPF array map. Block 0
 * has the header and the root of the search, then come directories, then rows, then rules. The
 * README is the specification; a change here is a new FORMAT_VERSION.
 */

export const FORMAT_VERSION = 1;
/** "WUNW", little-endian. */
export const TABLE_MAGIC = 0x574e_5557;

export const BLOCK_BYTES = 1024;
export const ROWS_PER_BLOCK = 256;
export const RULES_PER_BLOCK = 64;
/** Row blocks that a directory block names. */
export const DIRECTORY_FANOUT = 256;
/** Directory blocks that the root names. */
export const ROOT_FANOUT = 128;

/** Byte offsets in block 0. */
export const HEADER = {
  magic: 0,
  version: 4,
  machine: 6,
  directoryBlocks: 8,
  rowBlocks: 12,
  ruleBlocks: 16,
  rows: 20,
  rules: 24,
  /** File offset of the first row: nothing is known before it. */
  start: 28,
  /** File offset at which the last function ends: nothing is known from there on. */
  end: 32,
  root: 64,
} as const;
export const HEADER_BYTES = 64;

/** A row block is two columns: 16-bit distances from the block's first row, then rule indexes. */
export const ROW_RULES = ROWS_PER_BLOCK * 2;
export const MAX_DISTANCE = 0xffff;
/** Fills the unused ends of root and directories: greater than every file offset in a table. */
export const NO_BLOCK = 0xffff_ffff;
