// What the sampler hands over of a thread whose stack userspace walks: struct deferred_sample of the BPF
// programs, as it lies in the ring.

import { decodeComm, deferredBounds, deferredSample, unwindStop } from '@waggle/bpf';
import { EM_AARCH64, EM_X86_64, type FrameRegisters, type UnwoundStack } from '@waggle/unwind';
import type { SampledImage } from '../mappings/jit-maps.ts';
import type { StackCount } from '../sampling/sample-maps.ts';

const AT = deferredSample.offset;
/** ELF e_machine of ours. */
export const MACHINE = process.arch === 'arm64' ? EM_AARCH64 : EM_X86_64;
/** DWARF numbers: AMD64 ABI figure 3.36; AADWARF64 4.1. */
const NUMBERS = MACHINE === EM_AARCH64 ? { sp: 31, fp: 29, third: 30 } : { sp: 7, fp: 6, third: 3 };

/** Whose sample it is. */
export function ownerOf(record: DataView): SampledImage {
  return {
    pid: record.getUint32(AT.tgid, true),
    startTime: record.getBigUint64(AT.start_boottime, true),
    execId: record.getBigUint64(AT.exec_id, true),
    lastTime: record.getBigUint64(AT.time_ns, true),
  };
}

export function registersOf(record: DataView): FrameRegisters {
  const register = (number: number) => record.getBigUint64(AT.registers + 8 * number, true);
  return {
    pc: record.getBigUint64(AT.pc, true),
    sp: register(NUMBERS.sp),
    fp: register(NUMBERS.fp),
    third: register(NUMBERS.third),
    all: Array.from({ length: deferredSample.bytes.registers / 8 }, (_, number) =>
      register(number),
    ),
  };
}

const LAST_WORD = BigInt(deferredSample.bytes.stack - 8);

/** The word at an address of the copied stack; undefined where there is none. */
export function stackOf(record: DataView): (address: bigint) => bigint | undefined {
  const start = record.getBigUint64(AT.stack_start, true);
  const present = record.getUint32(AT.stack_present, true);
  return (address) => {
    const offset = address - start;
    if (offset < 0n || offset > LAST_WORD || !isPresent(present, Number(offset))) return undefined;
    return record.getBigUint64(AT.stack + Number(offset), true);
  };
}

/** Whether a word's pages were in memory: a bit for each, see copy_stack() of the BPF program. */
function isPresent(pages: number, offset: number): boolean {
  const page = (at: number) => (pages >>> Math.floor(at / deferredBounds.DEFERRED_PAGE_BYTES)) & 1;
  return (page(offset) & page(offset + 7)) === 1;
}

const OBJECT_AT = AT['object.inode'];
const OBJECT_BYTES = AT.object_address - OBJECT_AT;

/** The object that has no table, as the sampler knows it, and where it was met. */
export function metObjectOf(record: DataView): {
  readonly key: Uint8Array;
  readonly address: number;
} {
  return {
    key: new Uint8Array(record.buffer, record.byteOffset + OBJECT_AT, OBJECT_BYTES),
    address: Number(record.getBigUint64(AT.object_address, true)),
  };
}

/** The sample with its stack walked. @param userStop enum unwind_stop */
export function stackCount(
  record: DataView,
  { pcs, interrupted }: UnwoundStack,
  userStop: number,
): StackCount {
  const time = record.getBigUint64(AT.time_ns, true);
  const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
  return {
    pid: record.getUint32(AT.tgid, true),
    startTime: record.getBigUint64(AT.start_boottime, true),
    execId: record.getBigUint64(AT.exec_id, true),
    comm: decodeComm(bytes, AT.comm),
    tid: record.getUint32(AT.tid, true),
    threadComm: decodeComm(bytes, AT.thread_comm),
    count: 1,
    firstTime: time,
    lastTime: time,
    cpu: record.getUint32(AT.cpu, true),
    user: pcs.map(Number),
    interrupted,
    kernel: Array.from({ length: record.getUint32(AT.kernel_depth, true) }, (_, frame) =>
      record.getBigUint64(AT.kernel + 8 * frame, true),
    ),
    truncated: userStop === unwindStop.STOP_TOO_DEEP,
    userStop,
  };
}
