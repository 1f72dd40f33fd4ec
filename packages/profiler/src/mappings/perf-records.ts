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

/**
 * undefined for records that say nothing about images: thread events, renames, data mappings.
 * @param timeOffset what is added to their times: that of our time namespace
 */
export function decodeSideband(record: DataView, timeOffset = 0n): SidebandRecord | undefined {
  const pid = record.getUint32(HEADER_BYTES, true);
  // Only of what is of use: there may be a million of the others in a second.
  const timeOf = () =>
    record.getBigUint64(record.byteLength - TRAILER_BYTES + 8, true) + timeOffset;
  switch (record.getUint32(0, true)) {
    case PERF_RECORD_MMAP2:
      if ((record.getUint32(64, true) & PROT_EXEC) === 0) return undefined;
      return { type: 'mapping', time: timeOf(), pid, mapping: decodeMapping(record) };
    case PERF_RECORD_FORK: {
      const parent = record.getUint32(12, true);
      // A new thread has its process as parent.
      return pid === parent ? undefined : { type: 'fork', time: timeOf(), pid, parent };
    }
    case PERF_RECORD_COMM:
      if ((record.getUint16(4, true) & MISC_COMM_EXEC) === 0) return undefined;
      return { type: 'exec', time: timeOf(), pid };
    case PERF_RECORD_LOST:
      return { type: 'lost', time: timeOf(), count: Number(record.getBigUint64(16, true)) };
    default:
      return undefined;
  }
}

function decodeMapping(record: DataView): Mapping {
  const start = Number(record.getBigUint64(16, true));
  const nameAt = 72;
  const bytes = new Uint8Array(
    record.buffer,
    record.byteOffset + nameAt,
    record.byteLength - nameAt,
  );
  return {
    start,
    end: start + Number(record.getBigUint64(24, true)),
    fileOffset: Number(record.getBigUint64(32, true)),
    device: `${record.getUint32(40, true)}:${record.getUint32(44, true)}`,
    inode: record.getBigUint64(48, true),
    path: withoutDeleted(decoder.decode(bytes.subarray(0, bytes.indexOf(0)))),
  };
}

const DELETED = ' (deleted)';

/** The path without what the kernel appends when no name leads to the file any more: d_path(). */
function withoutDeleted(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}
