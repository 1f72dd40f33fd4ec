/**
 * A table as one file: 128 bytes that say whose it is and whether it is whole, then the blocks as
 * they are. The layout is specified in the README.
 */
import { crc32, type ElfImage } from '@waggle/symbols';
import type { BuiltTable, TableStats } from '../elf/build-table.ts';
import { UnwindError } from '../error.ts';
import { UnwindTable } from '../table/unwind-table.ts';

/** Changes with the layout, and whenever the same file would come out with other rows. */
export const FILE_VERSION = 2;
export const FILE_HEADER_BYTES = 128;
/** "WUNF", little-endian. */
const FILE_MAGIC = 0x464e_5557;

const FIELD = {
  magic: 0,
  version: 4,
  buildIdLength: 6,
  checksum: 8,
  tableBytes: 12,
  fingerprint: 16,
  stats: 20,
  buildId: 64,
} as const;
/** The checksum is of everything behind it. */
const CHECKED_FROM = FIELD.tableBytes;
const MAX_BUILD_ID = 64;

const STATS = [
  'functions',
  'damaged',
  'outside',
  'overlapping',
  'unsupportedRows',
  'frameBytes',
] as const satisfies readonly (keyof TableStats)[];

/** Whose table it is. */
export interface TableKey {
  /** GNU build-id in lower-case hex, at most 64 bytes. */
  readonly buildId: string;
  /** See `fingerprintOf`. */
  readonly fingerprint: number;
}

/**
 * A number that differs between files whose segments or frame sections lie elsewhere. A build-id is
 * whatever its author wrote there; two files that share one by accident or by design rarely share
 * this as well. Throws `ElfError` for damaged section headers.
 */
export function fingerprintOf(elf: ElfImage): number {
  const text: (string | number)[] = [elf.machine, elf.type];
  for (const load of elf.loads) text.push(load.fileOffset, load.vaddr, load.fileSize, load.memSize);
  for (const name of ['.text', '.eh_frame_hdr', '.eh_frame', '.debug_frame', '.plt']) {
    const section = elf.section(name);
    text.push(name, section?.addr ?? -1, section?.offset ?? -1, section?.size ?? -1);
  }
  return crc32(new TextEncoder().encode(text.join(' ')));
}

/** The key of a file, or undefined for one without a usable build-id. Throws `ElfError`. */
export function tableKeyOf(elf: ElfImage): TableKey | undefined {
  const { buildId } = elf;
  if (buildId === undefined || !isBuildId(buildId)) return undefined;
  return { buildId, fingerprint: fingerprintOf(elf) };
}

/** Whole bytes in hex, and enough of them to name a file by. */
export function isBuildId(text: string): boolean {
  return /^([0-9a-f]{2}){2,64}$/.test(text);
}

export function encodeTableFile(key: TableKey, built: BuiltTable): Uint8Array {
  if (!isBuildId(key.buildId)) throw new RangeError(`no build-id: ${JSON.stringify(key.buildId)}`);
  const blocks = built.table.bytes;
  const bytes = new Uint8Array(FILE_HEADER_BYTES + blocks.length);
  const view = new DataView(bytes.buffer);
  const buildId = fromHex(key.buildId);
  view.setUint32(FIELD.magic, FILE_MAGIC, true);
  view.setUint16(FIELD.version, FILE_VERSION, true);
  view.setUint16(FIELD.buildIdLength, buildId.length, true);
  view.setUint32(FIELD.tableBytes, blocks.length, true);
  view.setUint32(FIELD.fingerprint, key.fingerprint, true);
  STATS.forEach((name, i) => {
    view.setUint32(FIELD.stats + i * 4, built.stats[name], true);
  });
  bytes.set(buildId, FIELD.buildId);
  bytes.set(blocks, FILE_HEADER_BYTES);
  view.setUint32(FIELD.checksum, crc32(bytes.subarray(CHECKED_FROM)), true);
  return bytes;
}

/**
 * The table in `bytes`, which it keeps. Throws `UnwindError('bad-table')` unless the file is whole,
 * of this version and of `key`. Its rows are what the encoder wrote, by the checksum; only the counts
 * are looked at once more, since to check a browser's rows one by one takes longer than all the rest.
 */
export function decodeTableFile(bytes: Uint8Array, key: TableKey): BuiltTable {
  if (bytes.length < FILE_HEADER_BYTES) throw bad(`${bytes.length} bytes are no table file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(FIELD.magic, true) !== FILE_MAGIC) throw bad('no table file');
  const version = view.getUint16(FIELD.version, true);
  if (version !== FILE_VERSION) throw bad(`file version ${version}, not ${FILE_VERSION}`);
  if (view.getUint32(FIELD.tableBytes, true) !== bytes.length - FILE_HEADER_BYTES) {
    throw bad('the file is cut off');
  }
  if (view.getUint32(FIELD.checksum, true) !== crc32(bytes.subarray(CHECKED_FROM))) {
    throw bad('the checksum does not hold');
  }
  const length = view.getUint16(FIELD.buildIdLength, true);
  const buildId = bytes.subarray(FIELD.buildId, FIELD.buildId + Math.min(length, MAX_BUILD_ID));
  const fingerprint = view.getUint32(FIELD.fingerprint, true);
  if (toHex(buildId) !== key.buildId || fingerprint !== key.fingerprint) {
    throw bad('the table of another file');
  }
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

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
