/**
 * Events that came at once, and what most ask of an event (whose it is, of what kind, when), read from the bytes of its
 * record. In a storm most events are looked at once and never again: no object is made of those.
 */

import {
  decodeStrings,
  execRecord,
  exitRecord,
  failedExecRecord,
  forkRecord,
  recordHeader,
  u53,
} from '@waggle/bpf';
import type { CgroupInfo } from '@waggle/cache';
import { EventBatch, type EventContext, type ExitEvent, type ProcessEvent } from '@waggle/events';
import { errnoName, signalName } from '@waggle/ffi';
import { CommNames } from '../process-metadata/comm-names.ts';

const AT = recordHeader.offset;
const FORK = forkRecord.offset;
const EXEC = execRecord.offset;
const EXIT = exitRecord.offset;
/** Where execs, exits and failed execs have it alike. */
const UID_AT = failedExecRecord.offset.uid;
const NS_A_MS = 1e6;
const US_A_MS = 1000;

/** How a process ended, as its event says it. */
export type ProcessEnd = Pick<ExitEvent, 'exitCode' | 'signal' | 'coreDumped'>;

const names = new CommNames();
const ends = new Map<number, ProcessEnd>();

/** Good until the handler that got them returns, but for what `at` and `copy` give. */
export class BriefEvents {
  readonly #batch: EventBatch;
  readonly #from: number;

  constructor(batch: EventBatch, from = 0) {
    this.#batch = batch;
    this.#from = from;
  }

  /** Of events that are objects already. */
  static of(events: readonly ProcessEvent[]): BriefEvents {
    return new BriefEvents(EventBatch.of(events));
  }

  get length(): number {
    return this.#batch.length - this.#from;
  }

  /** Whether it is an object, which may have been completed or redacted: that is what counts then. */
  isMade(index: number): boolean {
    return this.#batch.isMade(this.#from + index);
  }

  kindAt(index: number): ProcessEvent['event'] {
    return this.#batch.kindAt(this.#from + index) as ProcessEvent['event'];
  }

  /** Of a fork the parent's; 0 of a loss. */
  pidAt(index: number): number {
    const made = this.#madeAt(index);
    if (made === undefined) return this.#u32(index, AT.tgid);
    return made.event === 'lost' ? 0 : made.pid;
  }

  /** Of the parent of that process; 0 of a loss. */
  ppidAt(index: number): number {
    const made = this.#madeAt(index);
    if (made === undefined) return this.#u32(index, AT.parent_tgid);
    return made.event === 'lost' ? 0 : made.ppid;
  }

  /** Of a fork. */
  childPidAt(index: number): number {
    const made = this.#madeAt(index);
    if (made === undefined) return this.#u32(index, FORK.child_tgid);
    return made.event === 'fork' ? made.childPid : 0;
  }

  /** Milliseconds since the Unix epoch. */
  timeMsAt(index: number): number {
    const made = this.#madeAt(index);
    if (made !== undefined) return Number(made.time / 1_000_000n);
    const { ms, ns } = offsetOf(this.#batch.context);
    const bootNs = u53(this.#batch.memory.view, this.#place(index) + AT.time_ns);
    return ms + Math.floor((bootNs + ns) / NS_A_MS);
  }

  /** The same with microseconds as its fraction. */
  preciseMsAt(index: number): number {
    const made = this.#madeAt(index);
    if (made !== undefined) return Number(made.time / 1000n) / US_A_MS;
    const offset = this.#batch.context?.realtimeOffset ?? 0n;
    return Number((this.#u64(index, AT.time_ns) + offset) / 1000n) / US_A_MS;
  }

  /** Of the process, by the boot clock, in nanoseconds; 0 of a loss. */
  startTimeAt(index: number): bigint {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'lost' ? 0n : made.startTime;
    return this.#u64(index, AT.start_boottime);
  }

  /** Of its parent. */
  parentStartTimeAt(index: number): bigint {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'lost' ? 0n : made.parentStartTime;
    return this.#u64(index, AT.parent_start_boottime);
  }

  /** Of the child, of a fork. */
  childStartTimeAt(index: number): bigint {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'fork' ? made.childStartTime : 0n;
    return this.#u64(index, FORK.child_start_boottime);
  }

  /** Of an exec, and of an exit where they are known; null of others. */
  argvAt(index: number): readonly string[] | null {
    const made = this.#madeAt(index);
    if (made !== undefined)
      return made.event === 'exec' || made.event === 'exit' ? made.argv : null;
    const { bytes } = this.#batch.memory;
    const kind = this.kindAt(index);
    if (kind === 'exec') {
      const at = this.#place(index) + EXEC.payload + this.#u32(index, EXEC.filename_length);
      return decodeStrings(bytes, at, at + this.#u32(index, EXEC.argv_length));
    }
    const program = kind === 'exit' ? this.#batch.programAt(this.#from + index) : undefined;
    if (program === undefined || program.argvEnd < 0) return null;
    return decodeStrings(bytes, program.argvAt, program.argvEnd);
  }

  /** Of a failed exec: `ENOENT`. */
  errorAt(index: number): string {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'failed-exec' ? made.error : '';
    return errnoName(this.#u32(index, failedExecRecord.offset.error));
  }

  /** Events that a loss is about; 0 of others. */
  lostAt(index: number): number {
    const made = this.#madeAt(index);
    return made?.event === 'lost' ? made.count : 0;
  }

  /** Name of the process; of a fork the parent's, which the child has too. */
  commAt(index: number): string {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'lost' ? '' : made.comm;
    return names.at(this.#batch.memory, this.#place(index) + AT.comm);
  }

  parentCommAt(index: number): string | null {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'lost' ? null : made.parentComm;
    return this.#batch.parentCommAt(this.#from + index);
  }

  uidAt(index: number): number | undefined {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'lost' ? undefined : made.uid;
    return this.#u32(index, this.kindAt(index) === 'fork' ? FORK.uid : UID_AT);
  }

  /** Of a fork the child's; undefined of a loss, and after one. */
  cgroupAt(index: number): CgroupInfo | undefined {
    const made = this.#madeAt(index);
    if (made?.event === 'lost') return undefined;
    if (made?.event === 'fork') return cgroupOf(made.childCgroup, made.childContainerId);
    if (made !== undefined) return cgroupOf(made.cgroup, made.containerId);
    if (this.kindAt(index) !== 'fork') return this.#batch.cgroupAt(this.#from + index);
    const key = u53(this.#batch.memory.view, this.#place(index) + FORK.child_cgroup_key);
    return this.#batch.context?.cgroups.find(key);
  }

  /** Of an exit. */
  endAt(index: number): ProcessEnd {
    const made = this.#madeAt(index);
    if (made?.event === 'exit') return made;
    return endOf(this.#u32(index, EXIT.exit_code));
  }

  /** Of an exit. */
  lifetimeNsAt(index: number): number {
    const made = this.#madeAt(index);
    if (made !== undefined) return made.event === 'exit' ? Number(made.lifetimeNs) : 0;
    const { view } = this.#batch.memory;
    const place = this.#place(index);
    return u53(view, place + AT.time_ns) - u53(view, place + AT.start_boottime);
  }

  /** The same in whole milliseconds. */
  lifetimeMsAt(index: number): number {
    // Of clocks that disagree nothing is less than zero by nothing.
    return Math.trunc(this.lifetimeNsAt(index) / NS_A_MS) + 0;
  }

  /** The event as an object, complete. */
  at(index: number): ProcessEvent {
    return this.#batch.at(this.#from + index) as ProcessEvent;
  }

  /** @internal */
  sourceOf(index: number): readonly [batch: EventBatch, at: number] {
    return [this.#batch, this.#from + index];
  }

  #madeAt(index: number): ProcessEvent | undefined {
    return this.isMade(index) ? this.at(index) : undefined;
  }

  #place(index: number): number {
    return this.#batch.placeAt(this.#from + index);
  }

  #u32(index: number, field: number): number {
    return this.#batch.memory.view.getUint32(this.#place(index) + field, true);
  }

  #u64(index: number, field: number): bigint {
    return this.#batch.memory.view.getBigUint64(this.#place(index) + field, true);
  }
}

/** In parts that are exact as doubles. */
interface ClockOffset {
  readonly ms: number;
  readonly ns: number;
}

const NO_OFFSET: ClockOffset = { ms: 0, ns: 0 };
let lastOffset: { readonly context: EventContext; readonly offset: ClockOffset } | undefined;

/** From the boot clock to the wall clock. */
function offsetOf(context: EventContext | undefined): ClockOffset {
  if (context === undefined) return NO_OFFSET;
  if (lastOffset?.context !== context) {
    const { realtimeOffset } = context;
    const offset = {
      ms: Number(realtimeOffset / 1_000_000n),
      ns: Number(realtimeOffset % 1_000_000n),
    };
    lastOffset = { context, offset };
  }
  return lastOffset.offset;
}

function cgroupOf(path: string | null, containerId: string | null): CgroupInfo | undefined {
  if (path === null) return undefined;
  return containerId === null ? { path, version: 2 } : { path, version: 2, containerId };
}

/** @param status as wait(2) has it; nearly all end in one of few ways */
function endOf(status: number): ProcessEnd {
  const known = ends.get(status);
  if (known !== undefined) return known;
  const end = {
    exitCode: (status >>> 8) & 0xff,
    signal: signalName(status & 0x7f),
    coreDumped: (status & 0x80) !== 0,
  };
  ends.set(status, end);
  return end;
}
