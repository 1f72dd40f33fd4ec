// The tables of call frame information that the sampler walks by. One is made when a sample first
// meets its object, kept on disk by build-id, shared by all processes, and taken out of the kernel
// again when it has not been used for longest and the budget asks for room.

import { fstatSync } from 'node:fs';
import { MAPS, objectKey, objectTable, unwindBounds } from '@waggle/bpf';
import { ArrayMap, type BpfMap, type BpfObject, type Native } from '@waggle/ffi';
import { ElfError, ElfImage, readVdso } from '@waggle/symbols';
import { buildUnwindTable, type TableStore, UnwindError, type UnwindTable } from '@waggle/unwind';
import { stateOf } from '../file-content.ts';
import { type ObjectFile, VDSO } from '../object-files.ts';

export interface UnwindTableStats {
  /** Objects whose table is in the kernel now. */
  readonly tables: number;
  readonly rows: number;
  /** Kernel memory of them. */
  readonly bytes: number;
  /** Objects that have no call frame information, or none that can be read. */
  readonly withoutTable: number;
  readonly evicted: number;
}

/** What a file is at one moment: other content has another. */
interface Content {
  readonly key: string;
  readonly table: UnwindTable | undefined;
}

interface Installed {
  readonly number: number;
  readonly map: ArrayMap;
  readonly rows: number;
  readonly bytes: number;
  readonly objectKeys: Uint8Array[];
}

/** Room for every table of a distribution's desktop: 1,716 files of Debian 12 take 47 MB. */
const DEFAULT_BUDGET_BYTES = 64 * 1024 * 1024;
/** A program that has fetched a table's number is done with it long before: 1 s. */
const REST_MS = 1000;

export class UnwindTables implements Disposable {
  private readonly objects: BpfMap;
  private readonly slots: BpfMap;
  private readonly contents = new Map<string, Content>();
  private readonly installed = new Map<string, Installed>();
  private readonly freeNumbers: { readonly number: number; readonly since: number }[] = [];
  private nextNumber = 0;
  private bytes = 0;
  private evicted = 0;

  constructor(
    private readonly native: Native,
    object: BpfObject,
    private readonly store: TableStore | undefined,
    private readonly budgetBytes = DEFAULT_BUDGET_BYTES,
  ) {
    this.objects = object.map(MAPS.unwindObjects);
    this.slots = object.map(MAPS.unwindTables);
  }

  /** The table of the file as it is now; undefined when it has none. */
  of(file: ObjectFile): UnwindTable | undefined {
    return this.contentOf(file)?.table;
  }

  /**
   * Gives the sampler the table of an object that it met. Nothing happens when the file is not, or
   * no longer, what the sampler saw: its content would be another's.
   * @param time when it met it, CLOCK_BOOTTIME in ns
   */
  install(key: Uint8Array, file: ObjectFile, time: bigint): void {
    const content = this.contentOf(file);
    if (content === undefined || !isContent(key, file)) return;
    if (content.table === undefined) {
      this.setObject(key, 0, false, time);
      return;
    }
    let installed = this.installed.get(content.key);
    if (installed === undefined) {
      this.makeRoom(content.table.bytes.length);
      installed = this.load(content.table);
      if (installed === undefined) return;
      this.installed.set(content.key, installed);
      this.bytes += installed.bytes;
    }
    installed.objectKeys.push(key.slice());
    this.setObject(key, installed.number, true, time);
  }

  stats(): UnwindTableStats {
    const tables = [...this.installed.values()];
    return {
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      bytes: this.bytes,
      withoutTable: [...this.contents.values()].filter(({ table }) => table === undefined).length,
      evicted: this.evicted,
    };
  }

  [Symbol.dispose](): void {
    for (const { map } of this.installed.values()) map.close();
    this.installed.clear();
  }

  private contentOf(file: ObjectFile): Content | undefined {
    if (file.path !== VDSO && file.fd === undefined) return undefined;
    const key = file.fd === undefined ? VDSO : stateOf(file.fd);
    const known = this.contents.get(key);
    if (known !== undefined) return known;
    const table = this.read(file);
    // Written to while it was read: the next sample asks again.
    if (file.fd !== undefined && stateOf(file.fd) !== key) return undefined;
    const content = { key, table };
    this.contents.set(key, content);
    return content;
  }

  private read(file: ObjectFile): UnwindTable | undefined {
    try {
      using elf = file.path === VDSO ? readVdso() : ElfImage.open(`/proc/self/fd/${file.fd}`);
      if (elf === undefined) return undefined;
      const { table } = this.store?.tableOf(elf) ?? buildUnwindTable(elf);
      return table.rowCount === 0 ? undefined : table;
    } catch (error) {
      // Not an ELF file, or a damaged one: its frames go by frame pointers.
      if (error instanceof ElfError || error instanceof UnwindError) return undefined;
      throw error;
    }
  }

  private load(table: UnwindTable): Installed | undefined {
    const number = this.takeNumber();
    if (number === undefined) return undefined;
    const map = ArrayMap.of(
      this.native,
      'unwind_table',
      unwindBounds.UNWIND_BLOCK_BYTES,
      table.bytes,
    );
    this.slots.set(u32(number), u32(map.fd));
    return {
      number,
      map,
      rows: table.rowCount,
      bytes: table.bytes.length,
      objectKeys: [],
    };
  }

  private setObject(key: Uint8Array, table: number, present: boolean, time: bigint): void {
    const value = new DataView(new ArrayBuffer(objectTable.size));
    value.setUint32(objectTable.offset.table, table, true);
    value.setUint32(objectTable.offset.present, present ? 1 : 0, true);
    value.setBigUint64(objectTable.offset.last_used_ns, time, true);
    this.objects.set(key, new Uint8Array(value.buffer));
  }

  private makeRoom(wanted: number): void {
    if (this.bytes + wanted <= this.budgetBytes && this.hasNumber()) return;
    const byUse = [...this.installed]
      .map(([key, table]) => ({ key, table, lastUsed: this.lastUsed(table) }))
      .sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
    for (const { key, table } of byUse) {
      if (this.bytes + wanted <= this.budgetBytes * 0.9) return;
      this.evict(key, table);
    }
  }

  private lastUsed({ objectKeys }: Installed): bigint {
    let last = 0n;
    for (const key of objectKeys) {
      const value = this.objects.get(key);
      if (value === undefined) continue;
      const used = new DataView(value.buffer).getBigUint64(objectTable.offset.last_used_ns, true);
      if (used > last) last = used;
    }
    return last;
  }

  private evict(key: string, { objectKeys, number, map, bytes }: Installed): void {
    for (const objectKey of objectKeys) this.objects.delete(objectKey);
    this.slots.delete(u32(number));
    map.close();
    this.installed.delete(key);
    this.contents.delete(key);
    this.freeNumbers.push({ number, since: performance.now() });
    this.bytes -= bytes;
    this.evicted++;
  }

  private hasNumber(): boolean {
    return this.nextNumber < unwindBounds.UNWIND_TABLES_MAX || this.freeNumbers.length > 0;
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

/** Whether the file is what the sampler saw. On overlayfs only the number may be another's. */
function isContent(key: Uint8Array, { fd }: ObjectFile): boolean {
  if (fd === undefined) return true;
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const at = objectKey.offset;
  const { size, ctimeNs } = fstatSync(fd, { bigint: true });
  return (
    view.getBigUint64(at.size, true) === size &&
    view.getBigUint64(at.changed_sec, true) * 1_000_000_000n +
      BigInt(view.getUint32(at.changed_nsec, true) & NANOSECONDS) ===
      ctimeNs
  );
}

/** Linux 6.13 keeps a flag above them in i_ctime_nsec (I_CTIME_QUERIED). */
const NANOSECONDS = 0x7fff_ffff;

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
