/**
 * The numbers by which the sampler finds tables: places in an array of maps. Each change of such an array
 * waits some 8 to 14 ms for the programs that run, and its caller with it, so tables are put in and let
 * go many at a time (generic_map_update_batch() in kernel/bpf/syscall.c waits once).
 */

import { unwindBounds } from '@waggle/bpf';
import { ArrayMap, type BpfMap, type Native, SystemError } from '@waggle/ffi';
import type { SamplerMaps } from '../profiler-kernel.ts';

/** A program that has fetched a table's number is done with it long before: 1 s. */
const REST_MS = 1000;

/** A table in a map of its own, which goes into the array next. */
interface Loaded<Item> {
  readonly item: Item;
  readonly number: number;
  readonly map: ArrayMap;
}

export class TableSlots implements Disposable {
  readonly #slots: BpfMap;
  readonly #freeNumbers: { readonly number: number; readonly since: number }[] = [];
  #nextNumber = 0;
  #noTable: ArrayMap | undefined;

  readonly #native: Native;

  constructor(native: Native, map: SamplerMaps) {
    this.#native = native;
    this.#slots = map('unwind_tables');
  }

  /** Numbers without a table, those that rest included. */
  get unused(): number {
    return unwindBounds.UNWIND_TABLES_MAX - this.#nextNumber + this.#freeNumbers.length;
  }

  /**
   * Gives the sampler tables. Each is a descriptor until they are in.
   * @returns the numbers of those that there was a number, a descriptor and memory for
   */
  put<Item>(
    items: readonly Item[],
    bytesOf: (item: Item) => Uint8Array,
  ): ReadonlyMap<Item, number> {
    const loaded = items.flatMap((item) => this.#load(item, bytesOf(item)) ?? []);
    try {
      return new Map(this.#set(loaded).map(({ item, number }) => [item, number]));
    } finally {
      // The array holds them from now on.
      for (const { map } of loaded) map.close();
    }
  }

  /** Lets the kernel free tables. There is no call that deletes many, so an empty one takes their place. */
  free(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    for (const number of numbers) this.#rest(number);
    try {
      this.#noTable ??= ArrayMap.of(
        this.#native,
        'no_table',
        unwindBounds.UNWIND_BLOCK_BYTES,
        new Uint8Array(unwindBounds.UNWIND_BLOCK_BYTES),
      );
      const { fd } = this.#noTable;
      this.#slots.setBatch(u32(...numbers), u32(...numbers.map(() => fd)));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      for (const number of numbers) this.#slots.delete(u32(number));
    }
  }

  [Symbol.dispose](): void {
    this.#noTable?.close();
  }

  #load<Item>(item: Item, bytes: Uint8Array): Loaded<Item> | undefined {
    const number = this.#takeNumber();
    if (number === undefined) return undefined;
    try {
      const native = this.#native;
      const map = ArrayMap.of(native, 'unwind_table', unwindBounds.UNWIND_BLOCK_BYTES, bytes);
      return { item, number, map };
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#rest(number);
      return undefined;
    }
  }

  #set<Item>(loaded: readonly Loaded<Item>[]): readonly Loaded<Item>[] {
    try {
      this.#slots.setBatch(
        u32(...loaded.map(({ number }) => number)),
        u32(...loaded.map(({ map }) => map.fd)),
      );
      return loaded;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    // A kernel that takes them one by one only, or no room for all of them.
    return loaded.filter(({ number, map }) => {
      try {
        this.#slots.set(u32(number), u32(map.fd));
        return true;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#rest(number);
        return false;
      }
    });
  }

  #takeNumber(): number | undefined {
    const oldest = this.#freeNumbers[0];
    if (oldest !== undefined && performance.now() - oldest.since > REST_MS) {
      this.#freeNumbers.shift();
      return oldest.number;
    }
    if (this.#nextNumber < unwindBounds.UNWIND_TABLES_MAX) return this.#nextNumber++;
    return undefined;
  }

  #rest(number: number): void {
    this.#freeNumbers.push({ number, since: performance.now() });
  }
}

function u32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
