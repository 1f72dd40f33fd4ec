/**
 * Walks the stacks that the kernel copied, by call frame information and by frame pointers where there is none. A table
 * is read when a stack first meets its file; until then the stack waits.
 */

import { stackBounds, unwindStop } from '@waggle/bpf';
import { UnwindTable, type UnwoundStack, unwind } from '@waggle/unwind';
import type { AddressSpaces } from '../mappings/address-spaces.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { isGenerated, type ObjectFiles } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import type { StackCount } from '../sampling/stack-count.ts';
import type { SymbolizationClient } from '../symbolization/symbolization-client.ts';
import { MACHINE } from '../unwinding/deferred-record.ts';
import { ReadTables } from '../unwinding/read-tables.ts';
import { STOP_OF_REASON } from '../unwinding/stop-reasons.ts';
import type { ThreadSample } from './thread-sample.ts';

/** Of copies that wait; beyond it they are walked by the tables that are there. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const BY_FRAME_POINTER = { table: undefined, fileOffset: 0 } as const;

/** Whose sample it was, and when, is in it already; its user stack is walked here. */
export interface Sampled {
  readonly sample: ThreadSample;
  readonly stack: StackCount;
}

interface Walk {
  readonly walked: UnwoundStack;
  /** A file whose table is still being read. */
  readonly missing: ObjectFile | undefined;
}

export class CopiedStacks {
  readonly #tables = new ReadTables();
  readonly #loading = new Map<string, Promise<void>>();
  #waiting: Sampled[] = [];
  #waitingBytes = 0;
  /** By enum unwind_stop. */
  readonly stops: number[] = Array.from({ length: unwindStop.STOP_REASONS }, () => 0);

  readonly #spaces: AddressSpaces;
  readonly #objects: ObjectFiles;
  readonly #reader: SymbolizationClient;

  constructor(spaces: AddressSpaces, objects: ObjectFiles, reader: SymbolizationClient) {
    this.#spaces = spaces;
    this.#objects = objects;
    this.#reader = reader;
  }

  /** Those that can be walked by now, of these and of those that waited. */
  walk(samples: readonly Sampled[]): StackCount[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return [...waiting, ...samples].flatMap((sampled) => {
      const { walked, missing } = this.#walk(sampled.sample, true);
      if (missing === undefined) return [this.#done(sampled, walked)];
      this.#waitingBytes += sampled.sample.thread?.stack.byteLength ?? 0;
      if (this.#waitingBytes < MAX_WAITING_BYTES) {
        this.#waiting.push(sampled);
        return [];
      }
      return [this.#done(sampled, this.#walk(sampled.sample, false).walked)];
    });
  }

  /** All that wait, when their tables are there or turned out not to be had. */
  async rest(): Promise<StackCount[]> {
    const stacks: StackCount[] = [];
    // A stack leads through a few files at most.
    while (this.#loading.size > 0) {
      await Promise.all(this.#loading.values());
      stacks.push(...this.walk([]));
    }
    const left = this.#waiting.splice(0);
    return [
      ...stacks,
      ...left.map((each) => this.#done(each, this.#walk(each.sample, false).walked)),
    ];
  }

  #done({ stack }: Sampled, { pcs, interrupted, stop }: UnwoundStack): StackCount {
    const userStop = STOP_OF_REASON[stop];
    this.stops[userStop] = (this.stops[userStop] ?? 0) + 1;
    return {
      ...stack,
      user: pcs.map(Number),
      interrupted,
      truncated: stop === 'too-deep',
      userStop,
    };
  }

  #walk({ pid, time, thread }: ThreadSample, waits: boolean): Walk {
    let missing: ObjectFile | undefined;
    if (thread === undefined)
      return { walked: { pcs: [], interrupted: [], methods: [], stop: 'end' }, missing };
    const { registers, stack } = thread;
    const walked = unwind({
      machine: MACHINE,
      maxFrames: stackBounds.STACK_WALKED_FRAMES,
      registers,
      read: (address) => {
        const offset = Number(address - registers.sp);
        return offset >= 0 && offset + 8 <= stack.byteLength
          ? stack.getBigUint64(offset, true)
          : undefined;
      },
      find: (address) => {
        const mapping = this.#spaces.find(pid, Number(address), time);
        if (mapping === undefined) return undefined;
        const object = mapping.object ?? this.#objects.of(pid, mapping);
        if (isGenerated(object)) return BY_FRAME_POINTER;
        const table = this.#tableOf(object);
        if (table === 'loading') {
          missing = object;
          return waits ? undefined : BY_FRAME_POINTER;
        }
        return { table, fileOffset: Number(address) - mapping.start + mapping.fileOffset };
      },
    });
    return { walked, missing };
  }

  #tableOf(object: ObjectFile): UnwindTable | undefined | 'loading' {
    const state = stateOfObject(object);
    if (state === undefined) return undefined;
    const read = this.#tables.get(state);
    if (read !== undefined) return read.table;
    if (!this.#loading.has(state))
      this.#loading.set(
        state,
        this.#reader
          .ask({ kind: 'unwind-table', object })
          .then(
            ({ table }) => this.#tables.set(state, table && UnwindTable.fromOwnFile(table)),
            () => this.#tables.set(state, undefined),
          )
          .finally(() => this.#loading.delete(state)),
      );
    return 'loading';
  }
}
