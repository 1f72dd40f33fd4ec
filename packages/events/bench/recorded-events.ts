// Records of processes that come and go, as the kernel writes them: fork, exec and exit of each, in memory
// like the ring's. For benches that need no kernel.

import {
  execRecord,
  exitRecord,
  forkRecord,
  type RecordMemory,
  recordFlags,
  recordType,
} from '@waggle/bpf';

type Layout = typeof forkRecord | typeof execRecord | typeof exitRecord;
type Values = Readonly<Record<string, number | bigint>>;

export interface RecordedEvents {
  readonly memory: RecordMemory;
  /** Of each record, in order: fork, exec, exit, and so on. */
  readonly offsets: readonly number[];
}

const ARGV = '/usr/bin/tool\0--all\0--output\0/tmp/result.txt\0';
const DETAIL = 'tool\0bin\0usr\0user\0home\0';
const FILENAME = '/usr/bin/tool';

/** @param processes how many; each has three records */
export function recordedEvents(processes: number): RecordedEvents {
  const payload = Buffer.from(FILENAME + ARGV + DETAIL);
  const execBytes = (execRecord.offset.payload + payload.length + 7) & ~7;
  const bytes = Buffer.alloc(processes * (forkRecord.size + execBytes + exitRecord.size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets: number[] = [];
  let at = 0;
  const write = (layout: Layout, size: number, values: Values): void => {
    offsets.push(at);
    const { offset, kind } = layout as {
      offset: Readonly<Record<string, number>>;
      kind: Readonly<Record<string, string>>;
    };
    for (const [field, value] of Object.entries(values)) {
      const where = at + (offset[field] ?? Number.NaN);
      if (kind[field] === 'u16') view.setUint16(where, Number(value), true);
      else if (kind[field] === 'u32') view.setUint32(where, Number(value), true);
      else view.setBigUint64(where, BigInt(value), true);
    }
    view.setUint32(at + (offset['header.size'] ?? 0), size, true);
    bytes.write('tool', at + (offset['header.comm'] ?? 0));
    at += size;
  };
  for (let index = 0; index < processes; index++) {
    const start = 1_000_000_000_000n + BigInt(index) * 100_000n;
    const header = (type: number, sequence: number, time: bigint) => ({
      'header.type': type,
      'header.sequence': 3 * index + sequence,
      'header.time_ns': time,
    });
    write(forkRecord, forkRecord.size, {
      ...header(recordType.RECORD_FORK, 0, start),
      'header.tgid': 4000,
      'header.tid': 4000,
      'header.parent_tgid': 3999,
      'header.start_boottime': 900_000_000_000n,
      'header.exec_id': 3,
      'header.parent_start_boottime': 800_000_000_000n,
      child_tgid: 5000 + index,
      child_start_boottime: start,
    });
    const child = {
      'header.tgid': 5000 + index,
      'header.tid': 5000 + index,
      'header.parent_tgid': 4000,
      'header.start_boottime': start,
      'header.exec_id': 4,
      'header.parent_start_boottime': 900_000_000_000n,
      'header.parent_exec_id': 3,
      uid: 1000,
      cgroup_id: 4711,
    };
    write(execRecord, execBytes, {
      ...header(recordType.RECORD_EXEC, 1, start + 40_000n),
      ...child,
      'header.flags': recordFlags.RECORD_HAS_DETAIL,
      mount_namespace: 4_026_531_841,
      pid_namespace: 4_026_531_836,
      filename_length: FILENAME.length,
      argv_length: ARGV.length,
      exe_inode: 123_456,
      exe_device: 259 << 20,
      exe_length: 13,
      cwd_length: 10,
    });
    payload.copy(bytes, (offsets.at(-1) ?? 0) + execRecord.offset.payload);
    write(exitRecord, exitRecord.size, {
      ...header(recordType.RECORD_EXIT, 2, start + 90_000n),
      ...child,
    });
  }
  return { memory: { bytes, view }, offsets };
}
