/**
 * Samples that met an object whose table the sampler did not have: the kernel hands over the thread's
 * registers and its stack, the table is read and given to the sampler, and the stack is walked here. So
 * the first sample of a program is as whole as the last, however briefly it runs. Stacks that meet a
 * table which is still being read wait for it.
 */

import { stackBounds, unwindStop } from '@waggle/bpf';
import type { RingBuffer } from '@waggle/ffi';
import { type UnwindTable, type UnwoundStack, unwind } from '@waggle/unwind';
import { type NativeRole, withInterpreted } from '../interpreters/merged-frames.ts';
import { NativeRoles } from '../interpreters/native-roles.ts';
import type { AddressSpaces } from '../mappings/address-spaces.ts';
import type { MappedObject } from '../mappings/image-mappings.ts';
import { JitImage } from '../mappings/jit-image.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { isGenerated, type ObjectFiles } from '../mappings/object-files.ts';
import type { TextCopies } from '../mappings/text-copies.ts';
import { byState, type StackCount, type ThreadState } from '../sampling/stack-count.ts';
import type { StackOwner } from '../sampling/stack-owner.ts';
import {
  interpretedOf,
  MACHINE,
  metObjectOf,
  ownerOf,
  registersOf,
  runnableOf,
  stackCount,
  stackOf,
} from './deferred-record.ts';
import type { GeneratedCode } from './generated-code.ts';
import { LateSamples } from './late-samples.ts';
import { memoryOf, metNone } from './sampled-object.ts';
import { STOP_OF_REASON } from './stop-reasons.ts';
import { LOADING, type UnwindTables } from './unwind-tables.ts';

/** Of copied stacks. Beyond it those that wait are walked with the tables that are there. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A stack leads through a few objects; a file that is written to all the time must not hold it up. */
const MAX_ATTEMPTS = 16;

/** Records between two looks at the clock. */
const CHUNK = 16;

/** A stack that is not walked yet. */
interface Pending {
  readonly record: DataView;
  /** It does not wait for what a runtime may say of its code. */
  readonly isLast: boolean;
  /** When the table is there that it waits for. */
  loaded: Promise<void>;
  attempts: number;
  done: boolean;
}

function pendingOf(record: DataView, isLast: boolean): Pending {
  return { record, isLast, loaded: Promise.resolve(), attempts: 0, done: false };
}

interface Walk {
  readonly stack: UnwoundStack;
  /** What each frame is to an interpreter, of stacks that have interpreted frames. */
  readonly roles: readonly NativeRole[];
  /** What it could not go through: an object whose table is still being read, or code that is not described yet. */
  readonly missing: ObjectFile | JitImage | undefined;
}

/** Where the kernel puts the samples that it hands over. */
export type SampleRing = Pick<RingBuffer, 'available' | 'drain' | 'close'>;

/** Whom tables are had from, and who gives them to the sampler. */
export type TableSource = Pick<UnwindTables, 'of' | 'loaded' | 'install'> &
  Partial<Pick<UnwindTables, 'interpreterOf'>>;

export class DeferredSamples implements Disposable {
  #ready: StackCount[] = [];
  /** Taken out of the ring, and not looked at yet. */
  #queue: DataView[] = [];
  readonly #waiting = new Set<Pending>();
  /** Of those, the ones whose table is there now. */
  #due: Pending[] = [];
  #waitingBytes = 0;
  readonly #late = new LateSamples();
  #closed = false;
  /**
   * Of the objects that the last few walks led through: what state a file is in is a system call, which
   * is not to be made for every frame.
   */
  readonly #recent = new Map<ObjectFile, UnwindTable | undefined>();
  readonly #roles: NativeRoles;
  #hurried = false;
  /** What stands below the stacks of samples that wait: whoever knows it may have forgotten it by then. */
  readonly #owners = new WeakMap<DataView, ReadonlyMap<ThreadState, StackOwner>>();
  #readUntil = Number.NEGATIVE_INFINITY;
  /** Walks done here, by unwind_stop. */
  readonly stops = new Array<number>(unwindStop.STOP_REASONS).fill(0);

  readonly #ring: SampleRing;
  readonly #spaces: AddressSpaces;
  readonly #objects: ObjectFiles;
  readonly #tables: TableSource;
  readonly #copies: TextCopies;
  readonly #generatedCode: GeneratedCode;
  readonly #recover: (pid: number, startTime: bigint) => void;
  readonly #ownerOf: (sample: StackCount) => StackOwner;
  readonly #showsInterpreters: boolean;

  constructor(
    ring: SampleRing,
    spaces: AddressSpaces,
    objects: ObjectFiles,
    tables: TableSource,
    copies: TextCopies,
    generatedCode: GeneratedCode,
    /** Called before mappings of a process are looked up. */
    recover: (pid: number, startTime: bigint) => void,
    stackOwnerOf: (sample: StackCount) => StackOwner,
    /** Whether an interpreter's own frames are shown beside those that it has interpreted. */
    showsInterpreters = false,
  ) {
    this.#showsInterpreters = showsInterpreters;
    this.#ring = ring;
    this.#spaces = spaces;
    this.#objects = objects;
    this.#tables = tables;
    this.#roles = new NativeRoles((object) => tables.interpreterOf?.(object));
    this.#copies = copies;
    this.#generatedCode = generatedCode;
    this.#recover = recover;
    this.#ownerOf = stackOwnerOf;
  }

  /** Everything that was sampled before, in ms since the epoch, has been taken in. */
  get takenInUntil(): number {
    return this.#readUntil;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0 || this.#queue.length > 0 || this.#late.size > 0;
  }

  /** Processes whose stacks wait for tables: what they had mapped is needed still. */
  waitingPids(): ReadonlySet<number> {
    const pids = new Set<number>();
    for (const { record } of this.#waiting) pids.add(ownerOf(record).pid);
    for (const record of this.#queue) pids.add(ownerOf(record).pid);
    for (const record of this.#late.records()) pids.add(ownerOf(record).pid);
    return pids;
  }

  /**
   * Walks of new samples, and of those that have waited.
   * @param followMappings called before samples are walked: they need what was mapped by then
   * @param forMs how long at most; what is left is for the next time. Else what is there by now
   */
  read(followMappings: () => void, forMs = Number.POSITIVE_INFINITY): StackCount[] {
    const deadline = performance.now() + forMs;
    const startedAt = Date.now();
    // A ring that is filled as fast as it is emptied is never empty.
    let left =
      this.#ring.available + this.#queue.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let isOver = false;
    while (!isOver) {
      this.#emptyRing(deadline);
      if (this.#queue.length === 0) break;
      followMappings();
      this.#forgetRecent();
      for (const record of this.#queue.splice(0, CHUNK)) {
        this.#take(record);
        left -= record.byteLength;
      }
      isOver = performance.now() > deadline || (left <= 0 && forMs === Number.POSITIVE_INFINITY);
    }
    const isAll = this.#queue.length === 0 && this.#waitingBytes < MAX_WAITING_BYTES;
    if (left <= 0 || (isAll && !isOver)) this.#readUntil = startedAt;
    while (this.#due.length > 0 && performance.now() <= deadline) {
      this.#forgetRecent();
      for (const waiting of this.#due.splice(0, CHUNK)) this.#advance(waiting, !this.#hurried);
    }
    this.#forgetRecent();
    while (performance.now() <= deadline) {
      const record = this.#late.takeDue();
      if (record === undefined) break;
      this.#takeLate(record, false);
    }
    return this.#ready.splice(0);
  }

  /** When every sample read so far has been walked; not those read since, which a busy host never ends. */
  async settled(): Promise<void> {
    this.#forgetRecent();
    for (const record of this.#late.takeAll()) this.#takeLate(record, true);
    for (const [index, waiting] of [...this.#waiting].entries())
      while (!waiting.done && !this.#closed) {
        await waiting.loaded;
        if (index % CHUNK === 0) this.#forgetRecent();
        this.#advance(waiting, !this.#hurried);
      }
    this.#due = this.#due.filter(({ done }) => !done);
  }

  #forgetRecent(): void {
    this.#recent.clear();
    this.#roles.forget();
  }

  /** Whether stacks are walked with the tables that are there, and none waits for others. */
  hurry(hurried: boolean): void {
    this.#hurried = hurried;
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#late.clear();
    this.#queue = [];
    this.#ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * To the queue, as far as there is room and time: the kernel needs the ring's, and at high rates fills it
   * faster than it is emptied.
   */
  #emptyRing(deadline: number): void {
    while (this.#waitingBytes < MAX_WAITING_BYTES) {
      const records = this.#ring.drain(({ bytes }, offset, length) => {
        // Not slice(): of a Buffer it is a view, of memory that the kernel writes to again.
        const copy = new Uint8Array(length);
        copy.set(bytes.subarray(offset, offset + length));
        this.#queue.push(new DataView(copy.buffer));
        this.#waitingBytes += length;
      }, CHUNK);
      if (records < CHUNK || performance.now() > deadline) break;
    }
  }

  #take(record: DataView): void {
    const { pid, startTime } = ownerOf(record);
    this.#recover(pid, startTime);
    const met = metNone(metObjectOf(record).key) ? undefined : this.#install(record);
    const hasRoom = !this.#hurried && this.#waitingBytes < MAX_WAITING_BYTES;
    const pending = pendingOf(record, false);
    // The sampler could not go through it, and neither can we: nothing is walked in vain.
    if (hasRoom && met !== undefined && this.#tableOf(met) === LOADING) this.#waitFor(pending, met);
    else this.#advance(pending, hasRoom);
  }

  /** One that has waited for what its runtime says. @param isLast for the last time */
  #takeLate(record: DataView, isLast: boolean): void {
    this.#waitingBytes += record.byteLength;
    this.#advance(pendingOf(record, isLast), !this.#hurried);
  }

  #advance(pending: Pending, mayWait: boolean): void {
    if (pending.done || this.#closed) return;
    const { record, isLast } = pending;
    const isPatient = mayWait && pending.attempts < MAX_ATTEMPTS;
    const walk = this.#walk(record, { tables: isPatient, runtimes: isPatient && !isLast });
    const { missing } = walk;
    const isLate = missing instanceof JitImage;
    if (!isLate && missing !== undefined && isPatient) {
      pending.attempts++;
      this.#waitFor(pending, missing);
      return;
    }
    pending.done = true;
    this.#waiting.delete(pending);
    this.#waitingBytes -= record.byteLength;
    if (!isLate) this.#finish(record, walk, missing !== undefined);
    else {
      this.#noteOwners(record);
      for (const pushedOut of this.#late.add(record, missing)) this.#takeLate(pushedOut, true);
    }
  }

  /** Thousands may wait for one table: they are walked in read(), not all when it is there. */
  #waitFor(pending: Pending, missing: ObjectFile): void {
    this.#noteOwners(pending.record);
    this.#waiting.add(pending);
    pending.loaded = this.#tables.loaded(missing).then(() => {
      this.#due.push(pending);
    });
  }

  #tableOf(object: ObjectFile): UnwindTable | undefined | typeof LOADING {
    if (this.#recent.has(object)) return this.#recent.get(object);
    const table = this.#tables.of(object);
    if (table !== LOADING) this.#recent.set(object, table);
    return table;
  }

  #finish(record: DataView, { stack, roles }: Walk, isCut: boolean): void {
    const userStop = isCut ? unwindStop.STOP_NO_TABLE : STOP_OF_REASON[stack.stop];
    this.stops[userStop] = (this.stops[userStop] ?? 0) + 1;
    const owners = this.#owners.get(record);
    const native = stackCount(record, stack, userStop);
    const isHidden = !this.#showsInterpreters;
    const whole = withInterpreted(native, interpretedOf(record), roles, isHidden);
    for (const count of byState(whole, runnableOf(record)))
      this.#ready.push({ ...count, owner: owners?.get(count.state) });
  }

  #noteOwners(record: DataView): void {
    if (this.#owners.has(record)) return;
    const counts = byState(stackCount(record, NOT_WALKED, 0), runnableOf(record));
    this.#owners.set(record, new Map(counts.map((count) => [count.state, this.#ownerOf(count)])));
  }

  /** @param waitsFor where it stops; else it goes on by frame pointers, which are better than nothing */
  #walk(record: DataView, waitsFor: Readonly<Record<'tables' | 'runtimes', boolean>>): Walk {
    const { pid, lastTime: time } = ownerOf(record);
    const generated = this.#generatedCode.walk(ownerOf(record));
    let missing: ObjectFile | JitImage | undefined;
    const roles: NativeRole[] = [];
    const hasInterpreted = interpretedOf(record).length > 0;
    const stack = unwind({
      machine: MACHINE,
      maxFrames: stackBounds.STACK_WALKED_FRAMES,
      registers: registersOf(record),
      read: stackOf(record),
      find: (address) => {
        const mapping = this.#spaces.find(pid, Number(address), time);
        if (mapping === undefined) return undefined;
        const object = mapping.object ?? this.#objects.of(pid, mapping);
        const fileOffset = Number(address) - mapping.start + mapping.fileOffset;
        if (hasInterpreted) roles.push(this.#roles.of(object, fileOffset));
        if (isGenerated(object)) {
          const code = generated.find(Number(address), mapping);
          if (code !== 'unknown') return code;
          if (!waitsFor.runtimes) return BY_FRAME_POINTER;
          missing = generated.image;
          return undefined;
        }
        const table = this.#tableOf(object);
        if (table === LOADING) {
          missing = object;
          return waitsFor.tables ? undefined : BY_FRAME_POINTER;
        }
        return { table, fileOffset };
      },
    });
    return { stack, roles: roles.slice(0, stack.pcs.length), missing };
  }

  /** Returns the object that the sampler met, if it was asked for. */
  #install(record: DataView): ObjectFile | undefined {
    const { pid, lastTime: time } = ownerOf(record);
    const { key, address } = metObjectOf(record);
    const mapping = this.#spaces.mappingAt(pid, address, time);
    if (mapping === undefined) return undefined;
    // The next sample asks again.
    if (this.#copies.isUndecided(mapping)) return undefined;
    const memory = memoryOf(key);
    // mremap(2) tells nobody: what is known as the file may be a copy of it.
    const found = memory && mapping.former === undefined ? copyOf(mapping) : mapping;
    const original = this.#copies.original(pid, found);
    const object = original.object ?? this.#objects.of(pid, original);
    // Nothing is said of all of it: each piece of code has its own table, or none.
    if (memory && isGenerated(object) && this.#generatedCode.isDumped(ownerOf(record)))
      return undefined;
    const { start, end } = memory ?? mapping;
    const place = memory ? -start : mapping.fileOffset - mapping.start;
    const shift = original.fileOffset - original.start - place;
    const isCopy = original !== found && start >= original.start && end <= original.end;
    this.#tables.install(key, object, time, isCopy ? { pid, start, end, shift } : undefined);
    return object;
  }
}

/** As if the file had been there before, and nobody knew what is there now. */
function copyOf(mapping: MappedObject): MappedObject {
  return { ...mapping, former: mapping };
}

const NOT_WALKED = { pcs: [], interrupted: [], methods: [], stop: 'end' } as const;

/** Of what has neither. */
const BY_FRAME_POINTER = { table: undefined, fileOffset: 0 } as const;
