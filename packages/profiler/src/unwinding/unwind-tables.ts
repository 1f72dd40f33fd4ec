// The tables of call frame information that the sampler walks by. One is read when a sample first
// meets its object, by the object reader's thread; it is shared by all processes, and taken out of the
// kernel again when it has not been used for longest and the budget asks for room.

import { MAPS, objectTable, unwindBounds } from '@waggle/bpf';
import { ArrayMap, type BpfMap, type BpfObject, log, type Native, SystemError } from '@waggle/ffi';
import { UnwindTable } from '@waggle/unwind';
import type { ObjectFile } from '../mappings/object-files.ts';
import type { UnwindTableAnswer } from '../symbolization/protocol.ts';
import type { ObjectReader } from '../symbolization/symbolization-client.ts';
import { isContent, nameOf, stateOfObject } from './sampled-object.ts';

export interface UnwindTableStats {
  /** Objects whose table is in the kernel now. */
  readonly tables: number;
  readonly rows: number;
  /** Kernel memory of them. */
  readonly bytes: number;
  /** Objects that have no call frame information, or none that can be read. */
  readonly withoutTable: number;
  /** Of those, the ones whose call frame information is more than is read, or took too long. */
  readonly leftOut: number;
  readonly evicted: number;
}

/** A table in the hands of userspace; `undefined` is an object that has none. */
interface Content {
  readonly table: UnwindTable | undefined;
}

/** Memory that holds a copy of a file's code. */
export interface CopiedCode {
  readonly pid: number;
  readonly start: number;
  readonly end: number;
  /** From where the sampler believes it is to where it is in the file, in bytes. */
  readonly shift: number;
}

/** What the sampler met. */
interface MetObject {
  readonly name: string;
  readonly key: Uint8Array;
  readonly time: bigint;
  readonly shift: number;
}

interface Installed {
  readonly number: number;
  readonly rows: number;
  readonly bytes: number;
  /** What the sampler knows its objects by. */
  readonly objectKeys: Map<string, Uint8Array>;
}

/** Room for every table of a distribution's desktop: 1,716 files of Debian 12 take 47 MB. */
const DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024;
/** Nothing is lost of those beyond but that a copy which is replaced is walked by the old table. */
const MAX_PROCESSES_WITH_COPIES = 1024;
/** Files without a table cost little each, and a host may execute new ones on and on. */
const MAX_CONTENTS = 8192;
/** Of tables that userspace keeps for its own walks; the sampler has copies of them. */
const USERSPACE_BYTES = 32 * 1024 * 1024;
/** A program that has fetched a table's number is done with it long before: 1 s. */
const REST_MS = 1000;
/** Small tables run out of numbers before bytes. Few: the kernel takes 12 ms to let go of a table. */
const SPARE_NUMBERS = 32;

/** The table has been asked for and is not there yet. */
export const LOADING = Symbol('loading');

export class UnwindTables implements Disposable {
  private readonly objects: BpfMap;
  private readonly slots: BpfMap;
  /** By state of a file, in order of use. */
  private readonly contents = new Map<string, Content>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly installed = new Map<string, Installed>();
  private readonly installing = new Set<string>();
  /** By process, in order of use. */
  private readonly copies = new Map<number, { copy: CopiedCode; key: Uint8Array }[]>();
  private readonly freeNumbers: { readonly number: number; readonly since: number }[] = [];
  private nextNumber = 0;
  private userspaceBytes = 0;
  private bytes = 0;
  private evicted = 0;
  private withoutTable = 0;
  private leftOut = 0;
  private noTable: ArrayMap | undefined;
  private closed = false;

  constructor(
    private readonly native: Native,
    object: Pick<BpfObject, 'map'>,
    private readonly reader: ObjectReader,
    private readonly budgetBytes = DEFAULT_BUDGET_BYTES,
  ) {
    this.objects = object.map(MAPS.unwindObjects);
    this.slots = object.map(MAPS.unwindTables);
  }

  /** The table of the file as it is now; undefined when it has none. Asks for one it has not seen. */
  of(file: ObjectFile): UnwindTable | undefined | typeof LOADING {
    const state = stateOfObject(file);
    return state === undefined ? undefined : this.tableOf(state, file);
  }

  /** Settles when the table of the file as it is now is there, or turned out not to be had. */
  async loaded(file: ObjectFile): Promise<void> {
    const state = stateOfObject(file);
    if (state === undefined) return;
    if (this.tableOf(state, file) === LOADING) await this.loading.get(state);
  }

  /**
   * Gives the sampler the table of an object that it met, as soon as it is read. When the file is
   * not, or no longer, what the sampler saw, its content would be another's: the sampler is told that
   * there is none.
   * @param time when it met it, CLOCK_BOOTTIME in ns
   * @param copy where it met it, if that is a copy of the file's code
   */
  install(key: Uint8Array, file: ObjectFile, time: bigint, copy?: CopiedCode): void {
    const name = nameOf(key);
    if (this.installing.has(name)) return;
    const met: MetObject = { name, key: key.slice(), time, shift: copy?.shift ?? 0 };
    const state = stateOfObject(file);
    if (state === undefined || (copy === undefined && !isContent(met.key, file))) {
      this.setObject(met, undefined);
      return;
    }
    if (copy !== undefined) this.rememberCopy(copy, met.key);
    if (this.tableOf(state, file) !== LOADING) {
      this.installNow(state, met);
      return;
    }
    this.installing.add(name);
    this.loading.get(state)?.then(() => {
      this.installing.delete(name);
      if (!this.closed) this.installNow(state, met);
    });
  }

  /** Something else was mapped there: what was a copy of code may be generated now. */
  replaced(pid: number, { start, end }: Pick<CopiedCode, 'start' | 'end'>): void {
    const copies = this.copies.get(pid);
    if (copies === undefined) return;
    const kept = copies.filter(({ copy, key }) => {
      const isThere = copy.end <= start || copy.start >= end;
      if (!isThere) this.objects.delete(key);
      return isThere;
    });
    this.copies.set(pid, kept);
  }

  private rememberCopy(copy: CopiedCode, key: Uint8Array): void {
    const known = this.copies.get(copy.pid) ?? [];
    this.copies.delete(copy.pid);
    this.copies.set(copy.pid, [...known, { copy, key }]);
    const [oldest] = this.copies.keys();
    if (this.copies.size > MAX_PROCESSES_WITH_COPIES && oldest !== undefined)
      this.copies.delete(oldest);
  }

  stats(): UnwindTableStats {
    const tables = [...this.installed.values()];
    return {
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      bytes: this.bytes,
      withoutTable: this.withoutTable,
      leftOut: this.leftOut,
      evicted: this.evicted,
    };
  }

  [Symbol.dispose](): void {
    this.closed = true;
    this.noTable?.close();
    this.installed.clear();
  }

  private tableOf(state: string, file: ObjectFile): UnwindTable | undefined | typeof LOADING {
    const known = this.contents.get(state);
    if (known === undefined) {
      this.load(state, file);
      return LOADING;
    }
    this.contents.delete(state);
    this.contents.set(state, known);
    return known.table;
  }

  private load(state: string, object: ObjectFile): void {
    if (this.loading.has(state)) return;
    const arrived = ({ table, changed, left }: UnwindTableAnswer) => {
      // Written to while it was read: the next sample asks again.
      if (changed || this.closed) return;
      if (left !== undefined) this.leftOut++;
      this.remember(state, table && UnwindTable.fromOwnFile(table));
    };
    const failed = () => {
      if (!this.closed) this.remember(state, undefined);
    };
    this.loading.set(
      state,
      this.reader
        .ask({ kind: 'unwind-table', object })
        .then(arrived, failed)
        .finally(() => this.loading.delete(state)),
    );
  }

  private remember(state: string, table: UnwindTable | undefined): void {
    this.contents.set(state, { table });
    if (this.contents.size > MAX_CONTENTS) this.drop(this.contents.keys().next().value);
    if (table === undefined) {
      this.withoutTable++;
      return;
    }
    this.userspaceBytes += table.bytes.length;
    for (const [oldest, content] of this.contents) {
      if (this.userspaceBytes <= USERSPACE_BYTES || oldest === state) return;
      if (content.table !== undefined) this.drop(oldest);
    }
  }

  private drop(state: string | undefined): void {
    if (state === undefined) return;
    this.userspaceBytes -= this.contents.get(state)?.table?.bytes.length ?? 0;
    this.contents.delete(state);
  }

  private installNow(state: string, met: MetObject): void {
    const content = this.contents.get(state);
    if (content === undefined) return;
    if (content.table === undefined) {
      this.setObject(met, undefined);
      return;
    }
    let installed = this.installed.get(state);
    if (installed === undefined) {
      this.makeRoom(content.table.bytes.length);
      installed = this.give(content.table);
      if (installed === undefined) return;
      this.installed.set(state, installed);
      this.bytes += installed.bytes;
    }
    installed.objectKeys.set(met.name, met.key);
    this.setObject(met, installed.number);
  }

  /** undefined when there is no number, descriptor or memory for it now: its samples stay deferred. */
  private give(table: UnwindTable): Installed | undefined {
    const number = this.takeNumber();
    if (number === undefined) return undefined;
    const { bytes, rowCount: rows } = table;
    let map: ArrayMap | undefined;
    try {
      map = ArrayMap.of(this.native, 'unwind_table', unwindBounds.UNWIND_BLOCK_BYTES, bytes);
      this.slots.set(u32(number), u32(map.fd));
      log('loaded', () => ({ what: 'unwind table', name: `${number}`, rows, bytes: bytes.length }));
      return { number, rows, bytes: bytes.length, objectKeys: new Map() };
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.freeNumbers.push({ number, since: performance.now() });
      return undefined;
    } finally {
      // The array of maps holds it from now on: a descriptor for each would use up ours.
      map?.close();
    }
  }

  private setObject({ key, time, shift }: MetObject, table: number | undefined): void {
    const value = new DataView(new ArrayBuffer(objectTable.size));
    value.setUint32(objectTable.offset.table, table ?? 0, true);
    value.setUint32(objectTable.offset.present, table === undefined ? 0 : 1, true);
    value.setBigUint64(objectTable.offset.last_used_ns, time, true);
    value.setBigInt64(objectTable.offset.shift, BigInt(shift), true);
    this.objects.set(key, new Uint8Array(value.buffer));
  }

  private makeRoom(wanted: number): void {
    if (this.bytes + wanted <= this.budgetBytes && this.unusedNumbers > 0) return;
    const byUse = [...this.installed]
      .map(([state, table]) => ({ state, table, lastUsed: this.lastUsed(table) }))
      .sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
    const evicted: number[] = [];
    for (const { state, table } of byUse) {
      const fits = this.bytes + wanted <= this.budgetBytes * 0.9;
      if (fits && this.unusedNumbers >= SPARE_NUMBERS) break;
      this.forget(state, table);
      evicted.push(table.number);
      log('evicted', () => ({ what: 'unwind table', name: `${table.number}`, why: 'no room' }));
    }
    this.free(evicted);
  }

  private lastUsed({ objectKeys }: Installed): bigint {
    let last = 0n;
    for (const key of objectKeys.values()) {
      const value = this.objects.get(key);
      if (value === undefined) continue;
      const used = new DataView(value.buffer).getBigUint64(objectTable.offset.last_used_ns, true);
      if (used > last) last = used;
    }
    return last;
  }

  private forget(state: string, { objectKeys, number, bytes }: Installed): void {
    for (const objectKey of objectKeys.values()) this.objects.delete(objectKey);
    this.installed.delete(state);
    this.freeNumbers.push({ number, since: performance.now() });
    this.bytes -= bytes;
    this.evicted++;
  }

  /**
   * Lets the kernel free tables, all in one call: each change of an array of maps waits some 8 ms for the
   * programs that run. There is no call that deletes many, so an empty table takes their place.
   */
  private free(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    try {
      this.noTable ??= ArrayMap.of(
        this.native,
        'no_table',
        unwindBounds.UNWIND_BLOCK_BYTES,
        new Uint8Array(unwindBounds.UNWIND_BLOCK_BYTES),
      );
      const empty = Uint32Array.from(numbers, () => this.noTable?.fd ?? 0);
      this.slots.setBatch(bytesOf(Uint32Array.from(numbers)), bytesOf(empty));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      for (const number of numbers) this.slots.delete(u32(number));
    }
  }

  /** Those that rest included. */
  private get unusedNumbers(): number {
    return unwindBounds.UNWIND_TABLES_MAX - this.nextNumber + this.freeNumbers.length;
  }

  private takeNumber(): number | undefined {
    const oldest = this.freeNumbers[0];
    if (oldest !== undefined && performance.now() - oldest.since > REST_MS) {
      this.freeNumbers.shift();
      return oldest.number;
    }
    if (this.nextNumber < unwindBounds.UNWIND_TABLES_MAX) return this.nextNumber++;
    return undefined;
  }
}

function u32(value: number): Uint8Array {
  return bytesOf(Uint32Array.of(value));
}

function bytesOf(values: Uint32Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(values.buffer);
}
