/**
 * The tables of call frame information that the sampler walks by. One is read when a sample first
 * meets its object, by the thread of symbolization; it is shared by all processes, and taken out of the
 * kernel again when it has not been used for longest and the budget asks for room.
 */

import { objectTable, tablePresence } from '@waggle/bpf';
import { type BpfMap, log, type Native } from '@waggle/ffi';
import { UnwindTable } from '@waggle/unwind';
import { LRUCache } from 'lru-cache';
import type { InstalledInterpreters } from '../interpreters/installed-interpreters.ts';
import type { InterpreterDescription } from '../interpreters/interpreter.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { isGenerated } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import type { SamplerMaps } from '../profiler-kernel.ts';
import type { UnwindTableAnswer } from '../symbolization/protocol.ts';
import type { SymbolizationClient } from '../symbolization/symbolization-client.ts';
import { type ReadTableLimits, ReadTables } from './read-tables.ts';
import { isContent, keyOf, memoryOf, nameOf } from './sampled-object.ts';
import { TableSlots } from './table-slots.ts';

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

/** A table that the kernel gets with the next ones, and whose objects wait for it. */
interface Arrived {
  readonly state: string;
  readonly table: UnwindTable;
  met: MetObject[];
}

interface Installed {
  readonly number: number;
  /** That its file holds, by the kernel's number; 0: none. */
  readonly interpreter: number;
  readonly rows: number;
  readonly bytes: number;
  /** What the sampler knows its objects by, as nameOf() has them; the oldest first. */
  readonly objects: Set<string>;
}

/** Room for every table of a distribution's desktop: 1,716 files of Debian 12 take 47 MB. */
const DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024;
/** Nothing is lost of those beyond but that a copy which is replaced is walked by the old table. */
const MAX_PROCESSES_WITH_COPIES = 1024;
/** Each process that has a copy of a file's code in memory is an object of its own to the sampler. */
const MAX_OBJECTS_OF_TABLE = 1024;
/** Small tables run out of numbers before bytes: so many are freed at once. */
const SPARE_NUMBERS = 128;
/** Tables that come one after the other go to the kernel together, so often at most: see table-slots.ts. */
const INSTALL_MS = 100;
/** The first few are those of what was to be recorded: stacks wait for them, or are cut. */
const FIRST_TABLES = 16;
const FIRST_INSTALL_MS = 10;
/** Each is a descriptor until they are in. */
const INSTALLED_AT_ONCE = 64;

/** The table has been asked for and is not there yet. */
export const LOADING = Symbol('loading');

export class UnwindTables implements Disposable {
  readonly #objects: BpfMap;
  readonly #slots: TableSlots;
  /** By state of a file. */
  readonly #contents: ReadTables;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #installed = new Map<string, Installed>();
  readonly #installing = new Set<string>();
  /** By state of the file: what is given to the kernel next. */
  readonly #arrived = new Map<string, Arrived>();
  #installTimer: ReturnType<typeof setTimeout> | undefined;
  #installedAt = Number.NEGATIVE_INFINITY;
  /** By process, in order of use. */
  readonly #copies = new LRUCache<number, { copy: CopiedCode; key: Uint8Array }[]>({
    max: MAX_PROCESSES_WITH_COPIES,
  });
  #bytes = 0;
  #evicted = 0;
  #withoutTable = 0;
  #leftOut = 0;
  #closed = false;

  readonly #reader: SymbolizationClient;
  readonly #budgetBytes: number;
  readonly #interpreters: InstalledInterpreters | undefined;

  constructor(
    native: Native,
    map: SamplerMaps,
    reader: SymbolizationClient,
    budgetBytes = DEFAULT_BUDGET_BYTES,
    interpreters?: InstalledInterpreters | undefined,
    held?: ReadTableLimits | undefined,
  ) {
    this.#contents = new ReadTables(held);
    this.#interpreters = interpreters;
    this.#reader = reader;
    this.#budgetBytes = budgetBytes;
    this.#objects = map('unwind_objects');
    this.#slots = new TableSlots(native, map);
  }

  /** The table of the file as it is now; undefined when it has none. Asks for one it has not seen. */
  of(file: ObjectFile): UnwindTable | undefined | typeof LOADING {
    const state = stateOfObject(file);
    return state === undefined ? undefined : this.#tableOf(state, file);
  }

  /** The interpreter that the file as it is now holds, as far as its table is there. */
  interpreterOf(file: ObjectFile): InterpreterDescription | undefined {
    if (this.#interpreters === undefined) return undefined;
    const state = stateOfObject(file);
    return state === undefined ? undefined : this.#interpreters.of(state);
  }

  /** Settles when the table of the file as it is now is there, or turned out not to be had. */
  async loaded(file: ObjectFile): Promise<void> {
    const state = stateOfObject(file);
    if (state === undefined) return;
    if (this.#tableOf(state, file) === LOADING) await this.#loading.get(state);
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
    if (this.#installing.has(name)) return;
    const met: MetObject = { name, key: key.slice(), time, shift: copy?.shift ?? 0 };
    const state = stateOfObject(file);
    if (state === undefined || (copy === undefined && !isContent(met.key, file))) {
      const isDescribed = isGenerated(file) && memoryOf(key) === undefined;
      this.#setObject(met, isDescribed ? 'generated' : undefined);
      return;
    }
    if (copy !== undefined) this.#rememberCopy(copy, met.key);
    // What the kernel has need not be read again for it.
    if (this.#installed.has(state) || this.#tableOf(state, file) !== LOADING) {
      this.#installNow(state, met);
      return;
    }
    this.#installing.add(name);
    const interpreter = this.#interpreters?.numberOf(state) ?? 0;
    if (interpreter !== 0) this.#setObject(met, 'awaited', interpreter);
    this.#loading.get(state)?.then(() => {
      this.#installing.delete(name);
      if (!this.#closed) this.#installNow(state, met);
    });
  }

  /** Something else was mapped there: what was a copy of code may be generated now. */
  replaced(pid: number, { start, end }: Pick<CopiedCode, 'start' | 'end'>): void {
    const copies = this.#copies.get(pid);
    if (copies === undefined) return;
    const kept = copies.filter(({ copy, key }) => {
      const isThere = copy.end <= start || copy.start >= end;
      if (!isThere) this.#withdraw(key);
      return isThere;
    });
    this.#copies.set(pid, kept);
  }

  #withdraw(key: Uint8Array): void {
    this.#objects.delete(key);
    const name = nameOf(key);
    if (!this.#installing.delete(name)) return;
    for (const arrived of this.#arrived.values())
      arrived.met = arrived.met.filter((object) => object.name !== name);
  }

  #rememberCopy(copy: CopiedCode, key: Uint8Array): void {
    const known = this.#copies.get(copy.pid) ?? [];
    this.#copies.set(copy.pid, [...known, { copy, key }]);
  }

  /** To be called now and then: lets go of the tables that only the kernel needs by now. */
  dropUnused(): void {
    this.#contents.dropUnused();
  }

  stats(): UnwindTableStats {
    const tables = [...this.#installed.values()];
    return {
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      bytes: this.#bytes,
      withoutTable: this.#withoutTable,
      leftOut: this.#leftOut,
      evicted: this.#evicted,
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#installTimer);
    this.#arrived.clear();
    this.#slots[Symbol.dispose]();
    this.#installed.clear();
  }

  #tableOf(state: string, file: ObjectFile): UnwindTable | undefined | typeof LOADING {
    const read = this.#contents.get(state);
    if (read !== undefined) return read.table;
    this.#read(state, file);
    return LOADING;
  }

  #read(state: string, object: ObjectFile): void {
    if (this.#loading.has(state)) return;
    const arrived = ({ table, changed, left, interpreter }: UnwindTableAnswer) => {
      // Written to while it was read: the next sample asks again.
      if (changed || this.#closed) return;
      if (interpreter !== undefined) this.#interpreters?.install(state, interpreter);
      if (left !== undefined) this.#leftOut++;
      this.#remember(state, table && UnwindTable.fromOwnFile(table));
    };
    const failed = () => {
      if (!this.#closed) this.#remember(state, undefined);
    };
    this.#loading.set(
      state,
      this.#reader
        .ask({ kind: 'unwind-table', object })
        .then(arrived, failed)
        .finally(() => this.#loading.delete(state)),
    );
  }

  #remember(state: string, table: UnwindTable | undefined): void {
    this.#contents.set(state, table);
    if (table === undefined) this.#withoutTable++;
  }

  #installNow(state: string, met: MetObject): void {
    const installed = this.#installed.get(state);
    if (installed !== undefined) {
      this.#addObject(installed, met);
      return;
    }
    const read = this.#contents.get(state);
    if (read === undefined) return;
    const { table } = read;
    if (table === undefined) this.#setObject(met, undefined);
    else this.#installSoon(state, table, met);
  }

  /** The one that was met first goes where there are too many: the sampler asks for it again. */
  #addObject({ objects, number, interpreter }: Installed, met: MetObject): void {
    objects.delete(met.name);
    objects.add(met.name);
    const [oldest] = objects;
    if (objects.size > MAX_OBJECTS_OF_TABLE && oldest !== undefined) {
      objects.delete(oldest);
      this.#objects.delete(keyOf(oldest));
    }
    this.#setObject(met, number, interpreter);
  }

  #installSoon(state: string, table: UnwindTable, met: MetObject): void {
    const arrived = this.#arrived.get(state);
    if (arrived === undefined) this.#arrived.set(state, { state, table, met: [met] });
    else arrived.met.push(met);
    this.#installing.add(met.name);
    const pause = this.#installed.size < FIRST_TABLES ? FIRST_INSTALL_MS : INSTALL_MS;
    const wait = Math.max(0, this.#installedAt + pause - performance.now());
    this.#installTimer ??= setTimeout(() => this.installArrived(), wait);
  }

  /**
   * Gives the kernel what waits for others to come with it. What has no number, descriptor or memory now is
   * asked for again by the next sample.
   */
  installArrived(): void {
    clearTimeout(this.#installTimer);
    this.#installTimer = undefined;
    if (this.#arrived.size === 0) return;
    const batch = this.#takeArrived();
    this.#makeRoom(
      batch.reduce((sum, { table }) => sum + table.bytes.length, 0),
      batch.length,
    );
    const numbers = this.#slots.put(batch, ({ table }) => table.bytes);
    for (const [{ state, table, met }, number] of numbers) {
      const bytes = table.bytes.length;
      const interpreter = this.#interpreters?.numberOf(state) ?? 0;
      const rowCount = table.rowCount;
      const installed = { number, interpreter, rows: rowCount, bytes, objects: new Set<string>() };
      this.#installed.set(state, installed);
      this.#bytes += bytes;
      for (const object of met) this.#addObject(installed, object);
      const rows = table.rowCount;
      log('loaded', () => ({ what: 'unwind table', name: `${number}`, rows, bytes }));
    }
    this.#installedAt = performance.now();
    if (this.#arrived.size > 0)
      this.#installTimer = setTimeout(() => this.installArrived(), INSTALL_MS);
  }

  /** As many as may be there at once; one at least. */
  #takeArrived(): readonly Arrived[] {
    const batch: Arrived[] = [];
    let bytes = 0;
    for (const [state, arrived] of this.#arrived) {
      bytes += arrived.table.bytes.length;
      const fits = batch.length < INSTALLED_AT_ONCE && bytes <= this.#budgetBytes / 2;
      if (!fits && batch.length > 0) break;
      this.#arrived.delete(state);
      for (const { name } of arrived.met) this.#installing.delete(name);
      batch.push(arrived);
    }
    return batch;
  }

  #setObject(
    { key, time, shift }: MetObject,
    table: number | 'generated' | 'awaited' | undefined,
    interpreter = 0,
  ): void {
    const value = new DataView(new ArrayBuffer(objectTable.size));
    value.setUint32(objectTable.offset.table, typeof table === 'number' ? table : 0, true);
    value.setUint32(objectTable.offset.present, presenceOf(table), true);
    value.setBigUint64(objectTable.offset.last_used_ns, time, true);
    value.setUint32(objectTable.offset.interpreter, interpreter, true);
    value.setBigInt64(objectTable.offset.shift, BigInt(shift), true);
    this.#objects.set(key, new Uint8Array(value.buffer));
  }

  /** @param tables how many will take so many bytes */
  #makeRoom(wanted: number, tables: number): void {
    if (this.#bytes + wanted <= this.#budgetBytes && this.#slots.unused >= tables) return;
    const byUse = [...this.#installed]
      .map(([state, table]) => ({ state, table, lastUsed: this.#lastUsed(table) }))
      .sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
    const evicted: number[] = [];
    for (const { state, table } of byUse) {
      const fits = this.#bytes + wanted <= this.#budgetBytes * 0.9;
      if (fits && this.#slots.unused + evicted.length >= SPARE_NUMBERS) break;
      this.#forget(state, table);
      evicted.push(table.number);
      log('evicted', () => ({ what: 'unwind table', name: `${table.number}`, why: 'no room' }));
    }
    this.#slots.free(evicted);
  }

  #lastUsed({ objects }: Installed): bigint {
    let last = 0n;
    for (const name of objects) {
      const value = this.#objects.get(keyOf(name));
      if (value === undefined) continue;
      const used = new DataView(value.buffer).getBigUint64(objectTable.offset.last_used_ns, true);
      if (used > last) last = used;
    }
    return last;
  }

  #forget(state: string, { objects, bytes }: Installed): void {
    for (const name of objects) this.#objects.delete(keyOf(name));
    this.#installed.delete(state);
    this.#bytes -= bytes;
    this.#evicted++;
  }
}

function presenceOf(table: number | 'generated' | 'awaited' | undefined): number {
  switch (table) {
    case undefined:
      return tablePresence.TABLE_NONE;
    case 'generated':
      return tablePresence.TABLE_GENERATED;
    case 'awaited':
      return tablePresence.TABLE_AWAITED;
    default:
      return tablePresence.TABLE_PRESENT;
  }
}
