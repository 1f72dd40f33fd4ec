/**
 * Samples with stacks for the same trace: packets that follow those of PerfettoEvents, in a sequence of their own,
 * so that one trace has what ran and what it did. What many samples have in common (names, frames, stacks) is
 * written once, and remembered within a bound.
 */

import { WireWriter } from '@waggle/text/wire';
import {
  CALLSTACK,
  CPU_CLOCK,
  CPU_MODE,
  DEFAULTS,
  FRAME,
  INTERNED_DATA,
  INTERNED_STRING,
  MAPPING,
  PACKET,
  PERF_SAMPLE,
  PERF_SAMPLE_DEFAULTS,
  PROCESS_TREE,
  SEQUENCE_FLAGS,
  TIMEBASE,
  TRACE,
  TREE_THREAD,
} from './fields.ts';

export interface SampledFrame {
  readonly name: string;
  readonly isKernel: boolean;
  /** The file of its code, or the name of what it is. */
  readonly object: string | undefined;
}

/** A sample of one moment. */
export interface TimedSample {
  /** Nanoseconds since the Unix epoch, as the events of the trace have it. */
  readonly time: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly threadName: string;
  readonly cpu: number;
  /** Root first. */
  readonly frames: readonly SampledFrame[];
}

/** Beside the one of events. */
const SEQUENCE = 2;
/** Names, frames, stacks and threads together; then it all begins anew. */
const MAX_INTERNED = 500_000;

export class PerfettoSamples {
  readonly #writer = new WireWriter();
  readonly #frequencyHz: number;
  #interned = new Map<string, number>();
  #isBegun = false;

  /** @param frequencyHz of the samples, for each CPU. */
  constructor(frequencyHz: number) {
    this.#frequencyHz = frequencyHz;
  }

  /** The packets of a sample; of one that counts several, so many at the same moment. */
  add(sample: TimedSample): void {
    const { time, pid, tid, threadName, cpu, frames } = sample;
    if (!this.#isBegun || this.#interned.size > MAX_INTERNED) this.#begin(time);
    this.#nameThread(time, pid, tid, threadName);
    const stack = this.#stack(time, frames);
    const writer = this.#writer;
    this.#packet(time, SEQUENCE_FLAGS.needsState, () =>
      writer.message(PACKET.perfSample, () => {
        writer.integer(PERF_SAMPLE.cpu, cpu);
        writer.integer(PERF_SAMPLE.pid, pid);
        writer.integer(PERF_SAMPLE.tid, tid);
        writer.integer(PERF_SAMPLE.callstack, stack);
        const mode = frames.at(-1)?.isKernel ? CPU_MODE.kernel : CPU_MODE.user;
        writer.integer(PERF_SAMPLE.cpuMode, mode);
      }),
    );
  }

  /** The bytes of all packets since the last call. */
  take(): Uint8Array {
    return this.#writer.take();
  }

  #begin(time: bigint): void {
    this.#isBegun = true;
    this.#interned = new Map();
    const writer = this.#writer;
    this.#packet(time, SEQUENCE_FLAGS.stateCleared | SEQUENCE_FLAGS.needsState, () =>
      writer.message(PACKET.defaults, () =>
        writer.message(DEFAULTS.perfSample, () =>
          writer.message(PERF_SAMPLE_DEFAULTS.timebase, () => {
            writer.integer(TIMEBASE.frequency, this.#frequencyHz);
            writer.integer(TIMEBASE.counter, CPU_CLOCK);
            writer.text(TIMEBASE.name, 'cpu-clock');
          }),
        ),
      ),
    );
  }

  #nameThread(time: bigint, pid: number, tid: number, name: string): void {
    const key = `thread ${pid} ${tid} ${name}`;
    if (this.#interned.has(key)) return;
    this.#interned.set(key, 0);
    const writer = this.#writer;
    this.#packet(time, SEQUENCE_FLAGS.needsState, () =>
      writer.message(PACKET.processTree, () =>
        writer.message(PROCESS_TREE.threads, () => {
          writer.integer(TREE_THREAD.tid, tid);
          writer.text(TREE_THREAD.name, name);
          writer.integer(TREE_THREAD.tgid, pid);
        }),
      ),
    );
  }

  #stack(time: bigint, frames: readonly SampledFrame[]): number {
    const ids = frames.map((frame) => this.#frame(time, frame));
    return this.#intern(time, `stack ${ids.join()}`, (iid) =>
      this.#writer.message(INTERNED_DATA.callstacks, () => {
        this.#writer.integer(CALLSTACK.iid, iid);
        for (const id of ids) this.#writer.integer(CALLSTACK.frames, id);
      }),
    );
  }

  #frame(time: bigint, { name, object = '' }: SampledFrame): number {
    const writer = this.#writer;
    const text = (field: number, kind: string, value: string): number =>
      this.#intern(time, `${kind} ${value}`, (iid) =>
        writer.message(field, () => {
          writer.integer(INTERNED_STRING.iid, iid);
          writer.text(INTERNED_STRING.text, value);
        }),
      );
    const functionName = text(INTERNED_DATA.functionNames, 'function', name);
    const path = text(INTERNED_DATA.mappingPaths, 'path', object);
    const mapping = this.#intern(time, `mapping ${object}`, (iid) =>
      writer.message(INTERNED_DATA.mappings, () => {
        writer.integer(MAPPING.iid, iid);
        writer.integer(MAPPING.paths, path);
      }),
    );
    return this.#intern(time, `frame ${mapping} ${functionName}`, (iid) =>
      writer.message(INTERNED_DATA.frames, () => {
        writer.integer(FRAME.iid, iid);
        writer.integer(FRAME.functionName, functionName);
        writer.integer(FRAME.mapping, mapping);
        // Readers take two frames at one place of a mapping for one: each function has a place.
        writer.integer(FRAME.relativePc, functionName);
      }),
    );
  }

  #intern(time: bigint, key: string, write: (iid: number) => void): number {
    const known = this.#interned.get(key);
    if (known !== undefined) return known;
    const iid = this.#interned.size + 1;
    this.#interned.set(key, iid);
    this.#packet(time, SEQUENCE_FLAGS.needsState, () =>
      this.#writer.message(PACKET.internedData, () => write(iid)),
    );
    return iid;
  }

  #packet(time: bigint, flags: number, write: () => void): void {
    const writer = this.#writer;
    writer.message(TRACE.packet, () => {
      writer.integer(PACKET.timestamp, time < 0n ? 0n : time);
      writer.integer(PACKET.sequence, SEQUENCE);
      writer.integer(PACKET.sequenceFlags, flags);
      write();
    });
  }
}
