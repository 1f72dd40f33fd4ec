// Samples that met an object whose table the sampler did not have: the kernel hands over the thread's
// registers and its stack, the table is read and given to the sampler, and the stack is walked here. So
// the first sample of a program is as whole as the last, however briefly it runs. Stacks that meet a
// table which is still being read wait for it.

import { decodeComm, deferredBounds, deferredSample, MAPS, unwindStop } from '@waggle/bpf';
import { type BpfObject, type Native, RingBuffer } from '@waggle/ffi';
import {
  EM_AARCH64,
  EM_X86_64,
  type StopReason,
  type UnwindTable,
  type UnwoundStack,
  unwind,
} from '@waggle/unwind';
import type { AddressSpaces } from '../mappings/address-spaces.ts';
import type { MappedObject } from '../mappings/image-mappings.ts';
import type { ObjectFile, ObjectFiles } from '../mappings/object-files.ts';
import type { TextCopies } from '../mappings/text-copies.ts';
import type { StackCount } from '../sampling/sample-maps.ts';
import { memoryOf } from './sampled-object.ts';
import { LOADING, type UnwindTables } from './unwind-tables.ts';

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

/** Of copied stacks. Beyond it those that wait are walked with the tables that are there. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** A stack leads through a few objects; a file that is written to all the time must not hold it up. */
const MOST_ATTEMPTS = 16;

/** Records between two looks at the clock. */
const CHUNK = 16;

/** A stack that waits for a table. */
interface Waiting {
  readonly record: DataView;
  loaded: Promise<void>;
  attempts: number;
  done: boolean;
}

interface Walk {
  readonly stack: UnwoundStack;
  /** The object that it could not go through, because its table is still being read. */
  readonly missing: ObjectFile | undefined;
}

export class DeferredSamples implements Disposable {
  private readonly ring: RingBuffer;
  private ready: StackCount[] = [];
  /** Taken out of the ring, and not looked at yet. */
  private queue: DataView[] = [];
  private readonly waiting = new Set<Waiting>();
  /** Of those, the ones whose table is there now. */
  private due: Waiting[] = [];
  private waitingBytes = 0;
  private closed = false;
  /**
   * Of the objects that the last few walks led through: what state a file is in is a system call, which
   * is not to be made for every frame.
   */
  private readonly recent = new Map<ObjectFile, UnwindTable | undefined>();
  private hurried = false;
  /** Walks done here, by unwind_stop. */
  readonly stops = new Array<number>(unwindStop.STOP_REASONS).fill(0);

  constructor(
    native: Native,
    object: Pick<BpfObject, 'map'>,
    private readonly spaces: AddressSpaces,
    private readonly objects: ObjectFiles,
    private readonly tables: UnwindTables,
    private readonly copies: TextCopies,
    /** Called before mappings of a process are looked up. */
    private readonly recover: (pid: number, startTime: bigint) => void,
  ) {
    this.ring = new RingBuffer(native, object.map(MAPS.deferredSamples));
  }

  get isWaiting(): boolean {
    return this.waiting.size > 0 || this.queue.length > 0;
  }

  /** Processes whose stacks wait for tables: what they had mapped is needed still. */
  waitingPids(): ReadonlySet<number> {
    const pids = new Set<number>();
    for (const { record } of this.waiting) pids.add(record.getUint32(AT.tgid, true));
    for (const record of this.queue) pids.add(record.getUint32(AT.tgid, true));
    return pids;
  }

  /**
   * Walks of new samples, and of those that have waited.
   * @param followMappings called before samples are walked: they need what was mapped by then
   * @param forMs how long at most; what is left is for the next time. Else what is there by now
   */
  read(followMappings: () => void, forMs = Number.POSITIVE_INFINITY): StackCount[] {
    const deadline = performance.now() + forMs;
    for (let left = this.ring.available; left > 0 || this.queue.length > 0; ) {
      left -= this.emptyRing();
      if (this.queue.length === 0) break;
      followMappings();
      this.recent.clear();
      for (const record of this.queue.splice(0, CHUNK)) this.take(record);
      if (performance.now() > deadline) break;
    }
    while (this.due.length > 0 && performance.now() <= deadline) {
      this.recent.clear();
      for (const waiting of this.due.splice(0, CHUNK)) this.walkAgain(waiting);
    }
    return this.ready.splice(0);
  }

  /** When every sample read so far has been walked; not those read since, which a busy host never ends. */
  async settled(): Promise<void> {
    for (const [index, waiting] of [...this.waiting].entries())
      while (!waiting.done && !this.closed) {
        await waiting.loaded;
        if (index % CHUNK === 0) this.recent.clear();
        this.walkAgain(waiting);
      }
    this.due = this.due.filter(({ done }) => !done);
  }

  /** Whether stacks are walked with the tables that are there, and none waits for others. */
  hurry(hurried: boolean): void {
    this.hurried = hurried;
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.queue = [];
    this.ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** To the queue, as far as there is room: the kernel needs the ring's. Returns the bytes. */
  private emptyRing(): number {
    const before = this.waitingBytes;
    while (this.waitingBytes < MOST_WAITING_BYTES) {
      const records = this.ring.drain(({ bytes }, offset, length) => {
        // Not slice(): of a Buffer it is a view, of memory that the kernel writes to again.
        const copy = new Uint8Array(length);
        copy.set(bytes.subarray(offset, offset + length));
        this.queue.push(new DataView(copy.buffer));
        this.waitingBytes += length;
      }, CHUNK);
      if (records < CHUNK) break;
    }
    return this.waitingBytes - before;
  }

  private take(record: DataView): void {
    const pid = record.getUint32(AT.tgid, true);
    this.recover(pid, record.getBigUint64(AT.start_boottime, true));
    const met = this.install(record);
    const hasRoom = !this.hurried && this.waitingBytes < MOST_WAITING_BYTES;
    // The sampler could not go through it, and neither can we: nothing is walked in vain.
    if (hasRoom && met !== undefined && this.tableOf(met) === LOADING) {
      this.wait(record, met);
      return;
    }
    const walk = this.walk(record);
    if (hasRoom && walk.missing !== undefined) {
      this.wait(record, walk.missing);
      return;
    }
    this.waitingBytes -= record.byteLength;
    this.finish(record, walk);
  }

  private wait(record: DataView, missing: ObjectFile): void {
    const waiting = { record, attempts: 1, done: false, loaded: Promise.resolve() };
    this.waiting.add(waiting);
    this.waitFor(waiting, missing);
  }

  /** Thousands may wait for one table: they are walked in read(), not all when it is there. */
  private waitFor(waiting: Waiting, missing: ObjectFile): void {
    waiting.loaded = this.tables.loaded(missing).then(() => {
      this.due.push(waiting);
    });
  }

  private walkAgain(waiting: Waiting): void {
    if (waiting.done || this.closed) return;
    const { record } = waiting;
    const walk = this.walk(record);
    if (walk.missing !== undefined && !this.hurried && waiting.attempts++ < MOST_ATTEMPTS) {
      this.waitFor(waiting, walk.missing);
      return;
    }
    waiting.done = true;
    this.waiting.delete(waiting);
    this.waitingBytes -= record.byteLength;
    this.finish(record, walk);
  }

  private tableOf(object: ObjectFile): UnwindTable | undefined | typeof LOADING {
    if (this.recent.has(object)) return this.recent.get(object);
    const table = this.tables.of(object);
    if (table !== LOADING) this.recent.set(object, table);
    return table;
  }

  private finish(record: DataView, { stack, missing }: Walk): void {
    const userStop = missing === undefined ? STOPS[stack.stop] : unwindStop.STOP_NO_TABLE;
    this.stops[userStop] = (this.stops[userStop] ?? 0) + 1;
    this.ready.push(stackCount(record, stack, userStop));
  }

  private walk(record: DataView): Walk {
    const pid = record.getUint32(AT.tgid, true);
    const time = record.getBigUint64(AT.time_ns, true);
    const register = (number: number) => record.getBigUint64(AT.registers + 8 * number, true);
    const stackStart = record.getBigUint64(AT.stack_start, true);
    const present = record.getUint32(AT.stack_present, true);
    let missing: ObjectFile | undefined;
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
        const object = mapping.object ?? this.objects.of(pid, mapping);
        const table = this.tableOf(object);
        if (table === LOADING) {
          missing = object;
          return undefined;
        }
        return { table, fileOffset: Number(address) - mapping.start + mapping.fileOffset };
      },
    });
    return { stack, missing };
  }

  /** Returns the object that the sampler met, if it was asked for. */
  private install(record: DataView): ObjectFile | undefined {
    const pid = record.getUint32(AT.tgid, true);
    const time = record.getBigUint64(AT.time_ns, true);
    const address = Number(record.getBigUint64(AT.object_address, true));
    const mapping = this.spaces.mappingAt(pid, address, time);
    if (mapping === undefined) return undefined;
    // The next sample asks again.
    if (this.copies.isUndecided(mapping)) return undefined;
    const key = new Uint8Array(record.buffer, record.byteOffset + OBJECT_AT, OBJECT_BYTES);
    const memory = memoryOf(key);
    // mremap(2) tells nobody: what is known as the file may be a copy of it.
    const found = memory && mapping.former === undefined ? copyOf(mapping) : mapping;
    const original = this.copies.original(pid, found);
    const object = original.object ?? this.objects.of(pid, original);
    const { start, end } = memory ?? mapping;
    const place = memory ? -start : mapping.fileOffset - mapping.start;
    const shift = original.fileOffset - original.start - place;
    const isCopy = original !== found && start >= original.start && end <= original.end;
    this.tables.install(key, object, time, isCopy ? { pid, start, end, shift } : undefined);
    return object;
  }
}

/** As if the file had been there before, and nobody knew what is there now. */
function copyOf(mapping: MappedObject): MappedObject {
  return { ...mapping, former: mapping };
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
