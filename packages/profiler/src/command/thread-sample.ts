/**
 * PERF_RECORD_SAMPLE of events that sample a command without BPF, decoded; and names of processes.
 * Format: enum perf_event_type in include/uapi/linux/perf_event.h; registers: arch/*\/include/uapi/asm/perf_regs.h.
 */

import { decodeComm } from '@waggle/bpf';
import type { FrameRegisters } from '@waggle/unwind';

const PERF_RECORD_COMM = 3;
const PERF_RECORD_SAMPLE = 9;
const MISC_COMM_EXEC = 1 << 13;
const HEADER_BYTES = 8;
const COMM_AT = 16;
const TRAILER_BYTES = 24;

/** PERF_SAMPLE_*: thread, time, CPU and callchain; then registers and stack of user space. */
export const SAMPLE_BY_FRAME_POINTERS = 0x2 | 0x4 | 0x20 | 0x80;
export const SAMPLE_WITH_STACK = SAMPLE_BY_FRAME_POINTERS | 0x1000 | 0x2000;

/** enum perf_callchain_context: what the addresses behind it are of. */
const FIRST_CONTEXT = 2n ** 64n - 4095n;
const CONTEXT_KERNEL = 2n ** 64n - 128n;
const CONTEXT_USER = 2n ** 64n - 512n;

/** How an architecture's registers lie in a sample, and by which numbers DWARF calls them. */
interface Registers {
  /** Those that are asked for, a bit each. */
  readonly mask: bigint;
  readonly count: number;
  /** For each DWARF number its place among those. */
  readonly byDwarf: readonly number[];
  readonly pc: number;
  readonly sp: number;
  readonly fp: number;
  readonly third: number;
}

const X86_64: Registers = {
  // AX BX CX DX SI DI BP SP IP, R8 to R15.
  mask: 0xff_01ffn,
  count: 17,
  byDwarf: [0, 3, 2, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 8],
  ...{ pc: 8, sp: 7, fp: 6, third: 1 },
};
const AARCH64: Registers = {
  // X0 to X30, SP, PC.
  mask: (1n << 33n) - 1n,
  count: 33,
  byDwarf: Array.from({ length: 32 }, (_, number) => number),
  ...{ pc: 32, sp: 31, fp: 29, third: 30 },
};
export const REGISTERS = process.arch === 'arm64' ? AARCH64 : X86_64;

export interface ThreadSample {
  readonly type: 'sample';
  /** CLOCK_BOOTTIME of our time namespace, ns. */
  readonly time: bigint;
  readonly pid: number;
  readonly cpu: number;
  readonly kernel: readonly bigint[];
  /** By frame pointers, innermost first. Empty where a stack came along. */
  readonly user: readonly number[];
  /** What user space is walked by. */
  readonly thread: SampledThread | undefined;
}

interface SampledThread {
  readonly registers: FrameRegisters;
  /** From the stack pointer on. */
  readonly stack: DataView;
}

/** The process calls itself so. */
export interface ProcessName {
  readonly type: 'name';
  readonly time: bigint;
  readonly pid: number;
  readonly comm: string;
  readonly isExec: boolean;
}

/** undefined for records of another kind. @param timeOffset what is added: that of our time namespace */
export function decodeOfCommand(
  record: DataView,
  timeOffset: bigint,
): ThreadSample | ProcessName | undefined {
  switch (record.getUint32(0, true)) {
    case PERF_RECORD_SAMPLE:
      return decodeSample(record, timeOffset);
    case PERF_RECORD_COMM:
      return decodeName(record, timeOffset);
    default:
      return undefined;
  }
}

function decodeName(record: DataView, timeOffset: bigint): ProcessName | undefined {
  const pid = record.getUint32(HEADER_BYTES, true);
  // A thread's own name is not that of its process.
  if (pid !== record.getUint32(HEADER_BYTES + 4, true)) return undefined;
  const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
  return {
    type: 'name',
    time: record.getBigUint64(record.byteLength - TRAILER_BYTES + 8, true) + timeOffset,
    pid,
    comm: decodeComm(bytes, COMM_AT),
    isExec: (record.getUint16(4, true) & MISC_COMM_EXEC) !== 0,
  };
}

function decodeSample(record: DataView, timeOffset: bigint): ThreadSample {
  const chainAt = HEADER_BYTES + 24;
  const length = Number(record.getBigUint64(chainAt, true));
  const kernel: bigint[] = [];
  const user: number[] = [];
  let context = CONTEXT_USER;
  for (let index = 0; index < length; index++) {
    const address = record.getBigUint64(chainAt + 8 + 8 * index, true);
    if (address >= FIRST_CONTEXT) context = address;
    else if (context === CONTEXT_KERNEL) kernel.push(address);
    else if (context === CONTEXT_USER) user.push(Number(address));
  }
  const threadAt = chainAt + 8 + 8 * length;
  return {
    type: 'sample',
    pid: record.getUint32(HEADER_BYTES, true),
    time: record.getBigUint64(HEADER_BYTES + 8, true) + timeOffset,
    cpu: record.getUint32(HEADER_BYTES + 16, true),
    kernel,
    user,
    thread: threadAt < record.byteLength ? decodeThread(record, threadAt) : undefined,
  };
}

/** undefined for a thread of the kernel. */
function decodeThread(record: DataView, at: number): SampledThread | undefined {
  if (record.getBigUint64(at, true) === 0n) return undefined;
  const register = (index: number) => record.getBigUint64(at + 8 + 8 * index, true);
  const stackAt = at + 8 + 8 * REGISTERS.count;
  const room = Number(record.getBigUint64(stackAt, true));
  // So much of it could be read; it is told behind the room for it.
  const length = room === 0 ? 0 : Number(record.getBigUint64(stackAt + 8 + room, true));
  const from = record.byteOffset + stackAt + 8;
  return {
    registers: {
      pc: register(REGISTERS.pc),
      sp: register(REGISTERS.sp),
      fp: register(REGISTERS.fp),
      third: register(REGISTERS.third),
      all: REGISTERS.byDwarf.map(register),
    },
    // A copy: the ring's memory is written to again.
    stack: new DataView(record.buffer.slice(from, from + Math.min(length, room))),
  };
}
