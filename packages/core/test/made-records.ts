// Records of every kind with anything in them, for tests of what reads them.

import {
  execRecord,
  exitRecord,
  failedExecRecord,
  forkRecord,
  recordHeader,
  recordType,
} from '@waggle/bpf';
import type { CgroupInfo } from '@waggle/cache';
import { EventBatch, EventContext, KnownCgroups } from '@waggle/events';
import fc from 'fast-check';

const cgroups = new KnownCgroups(() => false);

export interface MadeRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly offset: bigint;
  readonly cgroup: CgroupInfo | undefined;
  readonly parentComm: string | null;
  readonly program: readonly [filename: Uint8Array | null, argv: Uint8Array | null, cut: boolean];
}

/** A batch of it alone. */
export function batchOf({
  type,
  bytes,
  offset,
  cgroup,
  parentComm,
  program,
}: MadeRecord): EventBatch {
  const batch = new EventBatch();
  batch.context = new EventContext(cgroups, offset, 'b00t');
  const memory = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
  batch.add(type, memory, 0, bytes.length, cgroup);
  batch.setParentComm(0, parentComm);
  const [filename, argv, argvTruncated] = program;
  const place = (block: Uint8Array | null) => {
    if (block === null) return [0, -1] as const;
    const at = batch.append(block, 0, block.length);
    return [at, at + block.length] as const;
  };
  if (type === recordType.RECORD_EXIT) {
    const [filenameAt, filenameEnd] = place(filename);
    const [argvAt, argvEnd] = place(argv);
    batch.setProgram(0, { filenameAt, filenameEnd, argvAt, argvEnd, argvTruncated });
  }
  return batch;
}

// What text of processes is made of: all bytes, what is escaped or not valid, and what is usual.
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        ...['"', '\\', '\n', '\u007f', '\u009b', '\u202e', '\u00a0', '\ufeff', 'é', '日', '🐝'],
        ...['\u{e0041}', '\\ud800', '\u2028', '\u00ad', '\u3164', '/'],
      )
      .map((text) => Buffer.from(text)),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom([0xff], [0xe3, 0x81], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xc0, 0x80], [0])
      .map((bytes) => Buffer.from(bytes)),
  },
);
const text = fc.array(piece, { maxLength: 5 }).map((pieces) => Buffer.concat(pieces));
const name = text.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)));
const block = fc
  .tuple(fc.array(text, { maxLength: 4 }), fc.boolean())
  .map(([all, isCut]) =>
    Buffer.concat(all.flatMap((one, at) => (isCut && at === all.length - 1 ? [one] : [one, NUL]))),
  );
const NUL = Buffer.from([0]);
const u32 = fc.oneof(fc.nat(100_000), fc.nat(0xffff_ffff), fc.constantFrom(0xffff_ffff, 0, 1e9));
const u64 = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.bigInt(0n, 2n ** 53n),
  fc.constantFrom(
    0n,
    10n ** 9n,
    10n ** 9n - 1n,
    2n ** 53n,
    2n ** 53n - 1n,
    2n ** 32n,
    2n ** 64n - 1n,
  ),
);
const u53 = fc.oneof(fc.nat(50).map(BigInt), fc.bigInt(0n, 2n ** 53n - 1n));

const LAYOUTS = {
  [recordType.RECORD_FORK]: forkRecord,
  [recordType.RECORD_EXEC]: execRecord,
  [recordType.RECORD_EXIT]: exitRecord,
  [recordType.RECORD_FAILED_EXEC]: failedExecRecord,
} as const;

/** A value for every field of a record, and the blocks of its payload. */
function recordOf(type: keyof typeof LAYOUTS): fc.Arbitrary<Uint8Array> {
  const { offset, kind, bytes, size } = LAYOUTS[type] as {
    readonly offset: Readonly<Record<string, number>>;
    readonly bytes: Readonly<Record<string, number>>;
    readonly kind: Readonly<Record<string, string>>;
    readonly size: number;
  };
  const values = Object.fromEntries(
    Object.entries(kind).flatMap(([field, of]): [string, fc.Arbitrary<number | bigint>][] => {
      if (field.endsWith('_length') || field === 'header.type') return [];
      if (of === 'u16') return [[field, fc.nat(0x1ff)]];
      if (of === 'u32') return [[field, u32]];
      if (of === 'u64') return [[field, u64]];
      return of === 'u53' ? [[field, u53]] : [];
    }),
  );
  return fc
    .record({
      values: fc.record(values),
      comm: name,
      blocks: fc.tuple(name, block, block, block, block, name, block, block, block),
    })
    .map(({ values, comm, blocks }) => {
      const [filename, argv, environ, exe, cwd, interpreter, stdin, stdout, stderr] = blocks;
      const lengths: Readonly<Record<string, Uint8Array>> =
        type === recordType.RECORD_EXEC
          ? { filename, argv, environ, exe, cwd, interpreter, stdin, stdout, stderr }
          : type === recordType.RECORD_FAILED_EXEC
            ? { filename, argv }
            : {};
      const payload = Buffer.concat(Object.values(lengths));
      const record = Buffer.alloc((offset.payload ?? size) + payload.length);
      const view = new DataView(record.buffer, record.byteOffset, record.length);
      for (const [field, value] of Object.entries(values)) {
        const at = offset[field] ?? 0;
        if (bytes[field] === 2) view.setUint16(at, Number(value), true);
        else if (bytes[field] === 4) view.setUint32(at, Number(value), true);
        else view.setBigUint64(at, BigInt(value), true);
      }
      view.setUint16(recordHeader.offset.type, Number(type), true);
      view.setUint32(recordHeader.offset.size, record.length, true);
      for (const [field, part] of Object.entries(lengths))
        view.setUint32(offset[`${field}_length`] ?? 0, part.length, true);
      record.set(comm.subarray(0, 15), recordHeader.offset.comm);
      record.set(payload, offset.payload ?? size);
      return new Uint8Array(record);
    });
}

export const madeRecord = fc
  .constantFrom(...(Object.keys(LAYOUTS).map(Number) as (keyof typeof LAYOUTS)[]))
  .chain((type) =>
    fc.record({
      type: fc.constant(Number(type)),
      bytes: recordOf(type),
      offset: fc.bigInt(0n, 2n ** 61n),
      cgroup: fc.constantFrom<CgroupInfo | undefined>(
        undefined,
        { path: '/a "b"', version: 2 },
        { path: '/docker/x', version: 2, containerId: 'f'.repeat(64) },
        { path: '/x', version: 1, containerId: 'pod\u202e"\\' },
      ),
      parentComm: fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('cron'))),
      program: fc.tuple(fc.option(name), fc.option(block), fc.boolean()),
    }),
  );

/** With clocks below 2^53 ns, as those of a host are for a hundred days. */
export const usualRecord = madeRecord.map((made): MadeRecord => {
  const view = new DataView(made.bytes.buffer, made.bytes.byteOffset, made.bytes.length);
  for (const at of [recordHeader.offset.time_ns, recordHeader.offset.start_boottime])
    view.setBigUint64(at, view.getBigUint64(at, true) & (2n ** 53n - 1n), true);
  return made;
});
