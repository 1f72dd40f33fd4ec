/**
 * The kernel's own functions, from /proc/kallsyms: names for kernel frames of a stack. The file is
 * parsed as bytes, without a string per line; addresses are 64 bits wide and do not fit a double,
 * so they are kept as two 32-bit halves. Format: proc(5), and kernel/kallsyms.c for the line.
 */

import { readFileSync } from 'node:fs';
import { orderByAddress } from './address-order.ts';
import { stringAt } from './elf/string-table.ts';
import { KALLSYMS } from './kallsyms.ts';
import { type KallsymsColumns, KallsymsReader, NOT_CODE } from './kallsyms-reader.ts';

export interface KernelSymbolHit {
  readonly name: string;
  /** The module's name without brackets; absent for the kernel itself. */
  readonly module?: string;
  /** Bytes between the symbol's start and the address. */
  readonly offset: number;
}

/** Who answers for the addresses of a kernel: all of its symbols in memory, or a file of them. */
export interface KernelNames {
  /** Whether all addresses were hidden; no lookup can answer then. */
  readonly restricted: boolean;
  lookup(address: bigint): KernelSymbolHit | undefined;
  /** Lets go of the file, if there is one. */
  close?(): void;
}

const PAGE = 4096;
/** KSYM_NAME_LEN is 512 in current kernels. */
const MAX_NAME = 4096;

export class KernelSymbols implements KernelNames {
  /**
   * Whether all addresses were hidden (kernel.kptr_restrict, or no CAP_SYSLOG); no lookup can
   * answer then.
   */
  readonly restricted: boolean;

  /** What the table is made of, for those that store it. */
  readonly columns: KallsymsColumns;
  readonly #readRest: (() => KernelNames) | undefined;
  #rest: KernelNames | undefined;

  private constructor(columns: KallsymsColumns, restricted: boolean, readRest?: () => KernelNames) {
    this.restricted = restricted;
    this.columns = columns;
    this.#readRest = readRest;
  }

  /** Reads and parses `path`. @throws NodeJS.ErrnoException when it cannot be read */
  static read(path = KALLSYMS): KernelSymbols {
    return KernelSymbols.parse(readFileSync(path));
  }

  /**
   * Symbols from the bytes of /proc/kallsyms. Text symbols (t, T, w, W) get names; the others only
   * end the one before them. Lines of any other form are skipped; nothing is thrown. The bytes are
   * not kept.
   */
  static parse(kallsyms: Uint8Array): KernelSymbols {
    const read = new KallsymsReader(kallsyms).read();
    return new KernelSymbols(sortAndSelect(read.columns), read.restricted);
  }

  /**
   * A table made before, in address order. `readRest` is asked once, when an address is looked up that
   * the table does not have: for what was left out of it.
   */
  static fromColumns(columns: KallsymsColumns, readRest: () => KernelNames): KernelSymbols {
    return new KernelSymbols(columns, false, readRest);
  }

  /** Distinct addresses that have a name. */
  get size(): number {
    const { name } = this.columns;
    let count = 0;
    for (const offset of name) if (offset !== NOT_CODE) count++;
    return count;
  }

  /** Memory held, in bytes. */
  get byteLength(): number {
    const { high, low, name, module, names } = this.columns;
    let total = 0;
    for (const column of [high, low, name, module, names]) total += column.byteLength;
    return total;
  }

  /**
   * The function that holds a kernel address. kallsyms has no sizes: a symbol reaches up to the
   * next one, and the last one of the kernel or of a module at most to the end of the page after
   * the one it begins in, so that code the file does not list is not given a stranger's name.
   */
  lookup(address: bigint): KernelSymbolHit | undefined {
    if (address < 0n || address > 0xffff_ffff_ffff_ffffn) return undefined;
    const hit = this.#find(address);
    if (hit !== undefined || this.#readRest === undefined) return hit;
    this.#rest ??= this.#readRest();
    return this.#rest.lookup(address);
  }

  #find(address: bigint): KernelSymbolHit | undefined {
    const { high, low, name, module, modules, names } = this.columns;
    const addressHigh = Number(address >> 32n);
    const addressLow = Number(address & 0xffff_ffffn);
    let from = 0;
    let to = low.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const h = high[middle] as number;
      if (h < addressHigh || (h === addressHigh && (low[middle] as number) <= addressLow)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    const at = from - 1;
    const nameOffset = name[at];
    if (nameOffset === undefined || nameOffset === NOT_CODE) return undefined;
    const symbolLow = low[at] as number;
    const offset = (addressHigh - (high[at] as number)) * 0x1_0000_0000 + (addressLow - symbolLow);
    const owner = module[at] as number;
    if (this.#isLast(at) && offset >= 2 * PAGE - (symbolLow % PAGE)) return undefined;
    const text = stringAt(names, nameOffset, MAX_NAME);
    const moduleName = modules[owner];
    if (owner === 0 || moduleName === undefined) return { name: text, offset };
    return { name: text, module: moduleName, offset };
  }

  /**
   * Whether no more code of its owner follows. Between the code of a module and its data there may be
   * code that was left out of the table, under any name.
   */
  #isLast(at: number): boolean {
    const { module, name } = this.columns;
    if (module[at + 1] !== module[at]) return true;
    return this.#readRest !== undefined && name[at + 1] === NOT_CODE;
  }
}

/** In address order, with one symbol left per address. */
function sortAndSelect(columns: KallsymsColumns): KallsymsColumns {
  const { high, low, name, module, preference } = columns;
  const order = orderByAddress(high, low);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const candidate = order[i] as number;
    const rival = kept > 0 ? (order[kept - 1] as number) : -1;
    if (rival < 0 || high[rival] !== high[candidate] || low[rival] !== low[candidate]) {
      order[kept++] = candidate;
    } else if ((preference[candidate] as number) > (preference[rival] as number)) {
      order[kept - 1] = candidate;
    }
  }
  const pick = (column: Uint32Array) => {
    const picked = new Uint32Array(kept);
    for (let i = 0; i < kept; i++) picked[i] = column[order[i] as number] as number;
    return picked;
  };
  return {
    ...columns,
    high: pick(high),
    low: pick(low),
    name: pick(name),
    module: pick(module),
    preference: new Uint8Array(0),
  };
}
