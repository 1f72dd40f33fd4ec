/**
 * Sideband records of the perf subsystem, decoded: who maps what, who forks, who executes.
 * Formats: enum perf_event_type in include/uapi/linux/perf_event.h; the trailer is that of
 * SIDEBAND_SAMPLE_TYPE with sample_id_all.
 */

const PERF_RECORD_LOST = 2;
const PERF_RECORD_COMM = 3;
const PERF_RECORD_FORK = 7;
const PERF_RECORD_MMAP2 = 10;
const MISC_COMM_EXEC = 1 << 13;
const PROT_EXEC = 4;
const HEADER_BYTES = 8;
/** pid, tid, time, cpu, reserved. */
const TRAILER_BYTES = 24;

/** One executable mapping of a file, or of memory without one. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Offset in the file of the byte at `start`. */
  readonly fileOffset: number;
  /** As the mapping process sees it; `[vdso]`, `//anon` and the like for memory without a file. */
  readonly path: string;
  readonly device: string;
  readonly inode: bigint;
}

export type SidebandRecord =
  | {
      readonly type: 'mapping';
      readonly time: bigint;
      readonly pid: number;
      readonly mapping: Mapping;
    }
  | { readonly type: 'fork'; readonly time: bigint; readonly pid: number; readonly parent: number }
  | { readonly type: 'exec'; readonly time: bigint; readonly pid: number }
  | { readonly type: 'lost'; readonly time: bigint; readonly count: number };

// Else a byte order mark at the beginning would be dropped, though it is the program's own.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Whether a record of that type may say anything about images; ends of threads and processes, for one, do not. */
export function isSideband(type: number): boolean {
  return type === PERF_RECORD_MMAP2 || type === PERF_RECORD_FORK || type === PERF_RECORD_LOST;
}

/** Whether it may say that a program was executed. */
export function isRename(type: number): boolean {
  return type === PERF_RECORD_COMM;
}

/**
 * undefined for records that say nothing about images: thread events, renames, data mappings.
 * @param timeOffset what is added to their times: that of our time namespace
 */
export function decodeSideband(record: DataView, timeOffset = 0n): SidebandRecord | undefined {
  const pid = record.getUint32(HEADER_BYTES, true);
  // Times only of what is of use: there may be a million of the others in a second.
  switch (record.getUint32(0, true)) {
    case PERF_RECORD_MMAP2: {
      if ((record.getUint32(64, true) & PROT_EXEC) === 0) return undefined;
      const time = timeOf(record, timeOffset);
      return { type: 'mapping', time, pid, mapping: decodeMapping(record) };
    }
    case PERF_RECORD_FORK: {
      const parent = record.getUint32(12, true);
      // A new thread has its process as parent.
      if (pid === parent) return undefined;
      return { type: 'fork', time: timeOf(record, timeOffset), pid, parent };
    }
    case PERF_RECORD_COMM:
      if ((record.getUint16(4, true) & MISC_COMM_EXEC) === 0) return undefined;
      return { type: 'exec', time: timeOf(record, timeOffset), pid };
    case PERF_RECORD_LOST: {
      const count = Number(record.getBigUint64(16, true));
      return { type: 'lost', time: timeOf(record, timeOffset), count };
    }
    default:
      return undefined;
  }
}

function timeOf(record: DataView, timeOffset: bigint): bigint {
  const time = record.getBigUint64(record.byteLength - TRAILER_BYTES + 8, true);
  return timeOffset === 0n ? time : time + timeOffset;
}

function decodeMapping(record: DataView): Mapping {
  const start = Number(record.getBigUint64(16, true));
  return {
    start,
    end: start + Number(record.getBigUint64(24, true)),
    fileOffset: Number(record.getBigUint64(32, true)),
    device: deviceText(record.getUint32(40, true), record.getUint32(44, true)),
    inode: record.getBigUint64(48, true),
    path: paths.at(record, NAME_AT),
  };
}

/** The one of the mapping before: most are of one file system. */
let device = { major: 0, minor: 0, text: '0:0' };

function deviceText(major: number, minor: number): string {
  if (device.major !== major || device.minor !== minor)
    device = { major, minor, text: `${major}:${minor}` };
  return device.text;
}

/** Where a mapping's path is. */
const NAME_AT = 72;
/** Of libraries and programs that are mapped again and again. */
const KNOWN_PATHS = 512;
const MAX_KNOWN_BYTES = 256;

/** Paths as strings, without a string for every record: most programs map the same few libraries. */
class MappedPaths {
  /** Words of each and its length in words, by a hash of them; a newer one takes the place. */
  readonly #words = new Uint32Array((KNOWN_PATHS * MAX_KNOWN_BYTES) / 4);
  readonly #lengths = new Uint16Array(KNOWN_PATHS);
  readonly #paths: string[] = new Array(KNOWN_PATHS).fill('');

  /** What stands at that place, padded with NUL to whole words, the trailer behind it. */
  at(record: DataView, from: number): string {
    const end = record.byteLength - TRAILER_BYTES;
    const length = (end - from) >>> 2;
    if (length > MAX_KNOWN_BYTES / 4) return decodePath(record, from, end);
    let mixed = length;
    for (let at = from; at < end; at += 4)
      mixed = Math.imul(mixed ^ record.getUint32(at, true), 0x9e3779b1) ^ (mixed >>> 15);
    const slot = (mixed >>> 16) & (KNOWN_PATHS - 1);
    const first = (slot * MAX_KNOWN_BYTES) / 4;
    const words = this.#words;
    let isKnown = this.#lengths[slot] === length;
    for (let word = 0; isKnown && word < length; word++)
      isKnown = words[first + word] === record.getUint32(from + 4 * word, true);
    if (isKnown) return this.#paths[slot] ?? '';
    for (let word = 0; word < length; word++)
      words[first + word] = record.getUint32(from + 4 * word, true);
    this.#lengths[slot] = length;
    const path = decodePath(record, from, end);
    this.#paths[slot] = path;
    return path;
  }
}

const paths = new MappedPaths();

function decodePath(record: DataView, from: number, end: number): string {
  const bytes = new Uint8Array(record.buffer, record.byteOffset + from, end - from);
  const length = bytes.indexOf(0);
  return withoutDeleted(decoder.decode(length < 0 ? bytes : bytes.subarray(0, length)));
}

const DELETED = ' (deleted)';

/** The path without what the kernel appends when no name leads to the file any more: d_path(). */
function withoutDeleted(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}
