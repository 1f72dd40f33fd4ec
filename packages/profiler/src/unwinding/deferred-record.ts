/**
 * What the sampler hands over of a thread whose stack userspace walks: struct deferred_sample of the BPF
 * programs, as it lies in the ring.
 */

import { decodeComm, deferredBounds, deferredSample, unwindStop } from '@waggle/bpf';
import { EM_AARCH64, EM_X86_64, type FrameRegisters, type UnwoundStack } from '@waggle/unwind';
import { type InterpretedFrame, interpretedFrames } from '../interpreters/merged-frames.ts';
import type { SampledImage } from '../mappings/jit-maps.ts';
import { numbersOf, type StackCount, threadStateOf } from '../sampling/stack-count.ts';

const AT = deferredSample.offset;
/** ELF e_machine of ours. */
export const MACHINE = process.arch === 'arm64' ? EM_AARCH64 : EM_X86_64;
/** It lies below what the stack pointer is in the caller. */
const RETURN_ADDRESS_BYTES = 8;
/** DWARF numbers: AMD64 ABI figure 3.36; AADWARF64 4.1. */
const NUMBERS = MACHINE === EM_AARCH64 ? { sp: 31, fp: 29, third: 30 } : { sp: 7, fp: 6, third: 3 };

/** Whose sample it is. */
export function ownerOf(record: DataView): SampledImage {
  return {
    pid: record.getUint32(AT.tgid, true),
    startTime: record.getBigUint64(AT.start_boottime, true),
    execId: Number(record.getBigUint64(AT.exec_id, true)),
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
  const replaced = replacedReturns(record);
  return (address) => {
    const original = replaced.get(address);
    if (original !== undefined) return original;
    const offset = address - start;
    if (offset < 0n || offset > LAST_WORD || !isPresent(present, Number(offset))) return undefined;
    return record.getBigUint64(AT.stack + Number(offset), true);
  };
}

/** Where the kernel has put a return address of its own, because it probes returns: what was there. */
function replacedReturns(record: DataView): ReadonlyMap<bigint, bigint> {
  const replaced = new Map<bigint, bigint>();
  // Other CPUs return by a register, which a function saves wherever it likes.
  const count = MACHINE === EM_AARCH64 ? 0 : record.getUint32(AT.replaced_count, true);
  for (let index = 0; index < count; index++) {
    const at = AT.replaced + 16 * index;
    const place = record.getBigUint64(at, true) - BigInt(RETURN_ADDRESS_BYTES);
    replaced.set(place, record.getBigUint64(at + 8, true));
  }
  return replaced;
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

/** Interpreted frames of the thread, innermost first, as far as it had any. They lie behind the last page that was sent. */
export function interpretedOf(record: DataView): readonly InterpretedFrame[] {
  const pages = record.getUint32(AT.stack_pages, true);
  const at = AT.stack + pages * deferredBounds.DEFERRED_PAGE_BYTES;
  const depth = Number(record.getBigUint64(AT.interpreted_depth, true));
  const sent = Math.max(0, Math.floor((record.byteLength - at) / 8));
  return interpretedFrames(record, at, Math.min(depth, sent));
}

/** Of a sample whose thread slept: how long it waited for a CPU besides, in ns. */
export function runnableOf(record: DataView): number {
  return Number(record.getBigUint64(AT.runnable, true));
}

/** The sample with its stack walked. @param userStop enum unwind_stop */
export function stackCount(
  record: DataView,
  { pcs, interrupted }: UnwoundStack,
  userStop: number,
): StackCount {
  const time = record.getBigUint64(AT.time_ns, true);
  const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
  // The function that has just returned is no frame any more, and what it returns to is a return address.
  const returnedFrom = Number(record.getBigUint64(AT.returned_from, true));
  const callee = returnedFrom === 0 ? [] : [returnedFrom];
  return {
    pid: record.getUint32(AT.tgid, true),
    startTime: record.getBigUint64(AT.start_boottime, true),
    execId: Number(record.getBigUint64(AT.exec_id, true)),
    comm: decodeComm(bytes, AT.comm),
    tid: record.getUint32(AT.tid, true),
    threadComm: decodeComm(bytes, AT.thread_comm),
    event: record.getUint8(AT.event),
    state: threadStateOf(record.getUint8(AT.state)),
    count: 1,
    weight: Number(record.getBigUint64(AT.weight, true)),
    firstTime: time,
    lastTime: time,
    cpu: record.getUint32(AT.cpu, true),
    user: [...callee, ...pcs.map(Number)],
    interrupted: interrupted.map((depth) => depth + callee.length),
    kernel: Array.from({ length: record.getUint16(AT.kernel_depth, true) }, (_, frame) =>
      record.getBigUint64(AT.kernel + 8 * frame, true),
    ),
    truncated: userStop === unwindStop.STOP_TOO_DEEP,
    userStop,
    ...numbersOf(record.getUint32(AT.number, true)),
  };
}
