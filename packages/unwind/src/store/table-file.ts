/**
 * A table as one file: 128 bytes that say what it was made of and whether it is whole, then the blocks
 * as they are. The layout is specified in the README.
 */
import { crc32 } from '@waggle/symbols';
import type { BuiltTable, TableStats } from '../elf/build-table.ts';
import { UnwindError } from '../error.ts';
import { UnwindTable } from '../table/unwind-table.ts';
import { isTableKey } from './table-key.ts';

/** Changes with the layout, and whenever the same file would come out with other rows. */
const FILE_VERSION = 3;
export const FILE_HEADER_BYTES = 128;
/** "WUNF", little-endian. */
const FILE_MAGIC = 0x464e_5557;

const FIELD = {
  magic: 0,
  version: 4,
  checksum: 8,
  tableBytes: 12,
  stats: 20,
  key: 64,
} as const;
/** The checksum is of everything behind it. */
const CHECKED_FROM = FIELD.tableBytes;
const KEY_BYTES = 32;

const STATS = [
  'functions',
  'damaged',
  'outside',
  'overlapping',
  'unsupportedRows',
  'frameBytes',
] as const satisfies readonly (keyof TableStats)[];

/**
 * @param key see `tableKeyOf`
 * @throws `RangeError` for what is none
 */
export function encodeTableFile(key: string, built: BuiltTable): Uint8Array {
  if (!isTableKey(key)) throw new RangeError(`no key of a table: ${JSON.stringify(key)}`);
  const blocks = built.table.bytes;
  const bytes = new Uint8Array(FILE_HEADER_BYTES + blocks.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(FIELD.magic, FILE_MAGIC, true);
  view.setUint32(FIELD.version, FILE_VERSION, true);
  view.setUint32(FIELD.tableBytes, blocks.length, true);
  STATS.forEach((name, i) => {
    view.setUint32(FIELD.stats + i * 4, built.stats[name], true);
  });
  bytes.set(Buffer.from(key, 'hex'), FIELD.key);
  bytes.set(blocks, FILE_HEADER_BYTES);
  view.setUint32(FIELD.checksum, crc32(bytes.subarray(CHECKED_FROM)), true);
  return bytes;
}

/**
 * The table in `bytes`, which it keeps. Its rows are what the encoder wrote, by the checksum; only
 * the counts are looked at once more, since to check a browser's rows one by one takes longer than
 * all the rest.
 * @throws `UnwindError('bad-table')` unless the file is whole, of this version and of `key`
 */
export function decodeTableFile(bytes: Uint8Array, key: string): BuiltTable {
  if (bytes.length < FILE_HEADER_BYTES) throw bad(`${bytes.length} bytes are no table file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(FIELD.magic, true) !== FILE_MAGIC) throw bad('no table file');
  const version = view.getUint32(FIELD.version, true);
  if (version !== FILE_VERSION) throw bad(`file version ${version}, not ${FILE_VERSION}`);
  if (view.getUint32(FIELD.tableBytes, true) !== bytes.length - FILE_HEADER_BYTES) {
    throw bad('the file is cut off');
  }
  if (view.getUint32(FIELD.checksum, true) !== crc32(bytes.subarray(CHECKED_FROM))) {
    throw bad('the checksum does not hold');
  }
  const written = bytes.subarray(FIELD.key, FIELD.key + KEY_BYTES);
  if (Buffer.from(written).toString('hex') !== key) throw bad('the table of another file');
  const stat = (name: (typeof STATS)[number]) =>
    view.getUint32(FIELD.stats + STATS.indexOf(name) * 4, true);
  const table = UnwindTable.fromOwnFile(bytes.subarray(FILE_HEADER_BYTES));
  return {
    table,
    stats: {
      functions: stat('functions'),
      damaged: stat('damaged'),
      outside: stat('outside'),
      overlapping: stat('overlapping'),
      unsupportedRows: stat('unsupportedRows'),
      frameBytes: stat('frameBytes'),
    },
  };
}

function bad(message: string): UnwindError {
  return new UnwindError('bad-table', message);
}
