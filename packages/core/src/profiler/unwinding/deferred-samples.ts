// Samples that met an object whose table the sampler did not have: the kernel hands over the thread's
// registers and its stack, the table is made and given to the sampler, and the stack is walked here.
// So the first sample of a program is as whole as the last, however briefly it runs.

import { decodeComm, deferredBounds, deferredSample, MAPS, unwindStop } from '@waggle/bpf';
import { type BpfObject, type Native, RingBuffer } from '@waggle/ffi';
import { EM_AARCH64, EM_X86_64, type StopReason, type UnwoundStack, unwind } from '@waggle/unwind';
import type { AddressSpaces } from '../address-spaces.ts';
import type { ObjectFiles } from '../object-files.ts';
import type { StackCount } from '../sample-maps.ts';
import type { UnwindTables } from './unwind-tables.ts';

const AT = deferredSample.offset;
const MACHINE = process.arch === 'arm64' ? EM_AARCH64 : EM_X86_64;
/** DWARF numbers: AMD64 ABI figure 3.36; AADWARF64 4.1. */
const NUMBERS = MACHINE === EM_AARCH64 ? { sp: 31, fp: 29, third: 30 } : { sp: 7, fp: 6, third: 3 };

const STOPS: Readonly<Record<StopReason, number>> = {
  end: unwindStop.STOP_END,
  'no-mapping': unwindStop.STOP_NO_MAPPING,
  unsupported: unwindStop.STOP_UNSUPPORTED,
  'unknown-register': unwindStop.STOP_UNKNOWN_REGISTER,
  unreadable: unwindStop.STOP_UNREADABLE,
  'no-progress': unwindStop.STOP_NO_PROGRESS,
  'no-frame-pointer': unwindStop.STOP_NO_FRAME_POINTER,
  'too-deep': unwindStop.STOP_TOO_DEEP,
};

export class DeferredSamples implements Disposable {
  private readonly ring: RingBuffer;
  /** Walks done here, by unwind_stop. */
  readonly stops = new Array<number>(unwindStop.STOP_REASONS).fill(0);

  constructor(
    native: Native,
    object: BpfObject,
    private readonly spaces: AddressSpaces,
    private readonly objects: ObjectFiles,
    private readonly tables: UnwindTables,
  ) {
    this.ring = new RingBuffer(native, object.map(MAPS.deferredSamples));
  }

  /** @param followMappings called once before the first sample: it needs what was mapped by then. */
  read(followMappings: () => void): StackCount[] {
    const records: DataView[] = [];
    this.ring.drain(({ bytes }, offset, length) => {
      // Not slice(): of a Buffer it is a view, of memory that the kernel writes to again.
      const copy = new Uint8Array(length);
      copy.set(bytes.subarray(offset, offset + length));
      records.push(new DataView(copy.buffer));
    });
    if (records.length === 0) return [];
    followMappings();
    return records.map((record) => this.walk(record));
  }

  close(): void {
    this.ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private walk(record: DataView): StackCount {
    const pid = record.getUint32(AT.tgid, true);
    const time = record.getBigUint64(AT.time_ns, true);
    this.install(record, pid, time);
    const register = (number: number) => record.getBigUint64(AT.registers + 8 * number, true);
    const stackStart = record.getBigUint64(AT.stack_start, true);
    const present = record.getUint32(AT.stack_present, true);
    const stack = unwind({
      machine: MACHINE,
      registers: {
        pc: record.getBigUint64(AT.pc, true),
        sp: register(NUMBERS.sp),
        fp: register(NUMBERS.fp),
        third: register(NUMBERS.third),
        all: Array.from({ length: deferredSample.bytes.registers / 8 }, (_, number) =>
          register(number),
        ),
      },
      read: (address) => {
        const offset = address - stackStart;
        if (offset < 0n || offset > LAST_WORD || !isPresent(present, Number(offset)))
          return undefined;
        return record.getBigUint64(AT.stack + Number(offset), true);
      },
      find: (address) => {
        const mapping = this.spaces.find(pid, Number(address), time);
        if (mapping === undefined) return undefined;
        const table = this.tables.of(mapping.object ?? this.objects.of(pid, mapping));
        return { table, fileOffset: Number(address) - mapping.start + mapping.fileOffset };
      },
    });
    const userStop = STOPS[stack.stop];
    this.stops[userStop] = (this.stops[userStop] ?? 0) + 1;
    return stackCount(record, pid, time, stack, userStop);
  }

  private install(record: DataView, pid: number, time: bigint): void {
    const address = Number(record.getBigUint64(AT.object_address, true));
    const mapping = this.spaces.find(pid, address, time);
    if (mapping === undefined) return;
    const key = new Uint8Array(record.buffer, record.byteOffset + OBJECT_AT, OBJECT_BYTES);
    this.tables.install(key, mapping.object ?? this.objects.of(pid, mapping), time);
  }
}

const LAST_WORD = BigInt(deferredSample.bytes.stack - 8);

/** Whether a word's pages were in memory: a bit for each, see copy_stack() of the BPF program. */
function isPresent(pages: number, offset: number): boolean {
  const page = (at: number) => (pages >>> Math.floor(at / deferredBounds.DEFERRED_PAGE_BYTES)) & 1;
  return (page(offset) & page(offset + 7)) === 1;
}

const OBJECT_AT = AT['object.inode'];
const OBJECT_BYTES = AT.object_address - OBJECT_AT;

function stackCount(
  record: DataView,
  pid: number,
  time: bigint,
  { pcs, interrupted }: UnwoundStack,
  userStop: number,
): StackCount {
  const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
  return {
    pid,
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
