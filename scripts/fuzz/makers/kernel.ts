// Inputs that the kernel writes: records of perf and of our own programs, BTF.

import * as layouts from '../../../packages/bpf/src/generated/layouts.ts';
import { recordFlags, recordType } from '../../../packages/bpf/src/generated/layouts.ts';
import { put } from './corpus.ts';

/** PERF_RECORD_MMAP2, FORK, COMM with exec, and LOST, each with its trailer. */
export function perfRecords(): void {
  const record = (type: number, misc: number, length: number, fill: (body: Buffer) => void) => {
    const bytes = Buffer.alloc(length + 24);
    bytes.writeUInt32LE(type, 0);
    bytes.writeUInt16LE(misc, 4);
    bytes.writeUInt16LE(bytes.length, 6);
    bytes.writeUInt32LE(7, 8);
    bytes.writeUInt32LE(7, 12);
    fill(bytes);
    return bytes;
  };
  const mapping = record(10, 2, 96, (bytes) => {
    bytes.writeBigUInt64LE(0x7f00_0000_0000n, 16);
    bytes.writeBigUInt64LE(4096n, 24);
    bytes.writeUInt32LE(5, 64);
    bytes.write('/usr/lib/libc.so.6\0', 72);
  });
  put('perf-record', 'mmap2', mapping);
  put(
    'perf-record',
    'fork',
    record(7, 0, 32, (bytes) => bytes.writeUInt32LE(3, 12)),
  );
  put(
    'perf-record',
    'exec',
    record(3, 1 << 13, 32, (bytes) => void bytes.write('sh\0', 16)),
  );
  put(
    'perf-record',
    'lost',
    record(2, 0, 24, (bytes) => bytes.writeBigUInt64LE(9n, 16)),
  );
}

export function kernel(): void {
  const record = (
    type: number,
    layout: { readonly size: number; readonly offset: Readonly<Record<string, number>> },
    payload: string,
    lengths: Readonly<Record<string, number>>,
    flags = 0,
  ): Uint8Array => {
    const start = layout.offset.payload ?? layout.size;
    const bytes = Buffer.alloc(start + payload.length);
    bytes.writeUInt16LE(type, 0);
    bytes.writeUInt16LE(flags, 2);
    bytes.writeUInt32LE(bytes.length, 4);
    for (const [field, value] of Object.entries(lengths))
      bytes.writeUInt32LE(value, layout.offset[field] ?? 0);
    bytes.write(payload, start, 'latin1');
    return bytes;
  };
  put(
    'bpf-record',
    'exec',
    record(
      recordType.RECORD_EXEC,
      layouts.execRecord,
      '/bin/sh\0sh\0-c\0true\0A=b\0/srv\0tty1\0',
      { filename_length: 8, argv_length: 11, environ_length: 4 },
      recordFlags.RECORD_HAS_ENVIRON | recordFlags.RECORD_HAS_DETAIL,
    ),
  );
  put('bpf-record', 'exit', record(recordType.RECORD_EXIT, layouts.exitRecord, '', {}));
  put('bpf-record', 'fork', record(recordType.RECORD_FORK, layouts.forkRecord, '', {}));
  put(
    'bpf-record',
    'failed',
    record(recordType.RECORD_FAILED_EXEC, layouts.failedExecRecord, '/bin/none\0', {}),
  );
  const cgroup = Buffer.alloc(128);
  cgroup.writeUInt16LE(recordType.RECORD_CGROUP, 0);
  put('bpf-record', 'cgroup', cgroup);
  put('btf', 'types', btf());
}

/** A header, an int, a pointer, a struct of both, and texts: include/uapi/linux/btf.h. */
function btf(): Uint8Array {
  const types = [
    [1, 1 << 24, 4, 32],
    [0, 2 << 24, 1],
    [5, (4 << 24) | 2, 16, 7, 1, 0, 9, 2, 64],
  ].flat();
  const texts = Buffer.from('\0int\0s\0a\0b\0', 'latin1');
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(0, 8);
  header.writeUInt32LE(types.length * 4, 12);
  header.writeUInt32LE(types.length * 4, 16);
  header.writeUInt32LE(texts.length, 20);
  return Buffer.concat([header, Buffer.from(new Uint32Array(types).buffer), texts]);
}
