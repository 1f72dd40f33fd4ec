/**
 * Symbol tables by what their object is, in memory and, if wanted, on disk. Shared by all who open
 * objects in one run: ten processes that map one libc make one table. Bounded in bytes, and if wanted
 * in time; the least recently used goes first. What an object has not is remembered as well, as an empty table.
 */
import { LRUCache } from 'lru-cache';
import type { NameTable, SymbolTable } from '../symbol-table.ts';
import type { DiskSymbolCache } from './disk.ts';
import type { TableDescription } from './table-file.ts';

export interface CachedSymbols {
  readonly table: NameTable;
  readonly description: TableDescription;
}

/** The table is all there. */
export interface BuiltSymbols extends CachedSymbols {
  readonly table: SymbolTable;
}

export interface SymbolCacheOptions {
  /** Of the tables held, in bytes; 256 MiB unless told otherwise. A larger one is not kept. */
  readonly maxBytes?: number | undefined;
  readonly disk?: DiskSymbolCache | undefined;
  /** Milliseconds that a table is held which nobody asks for; without an end unless told otherwise. */
  readonly maxUnusedMs?: number | undefined;
  /** Tables made in less time are not worth a file; 2 unless told otherwise. */
  readonly minBuildMs?: number | undefined;
}

export class SymbolCache {
  readonly #disk: DiskSymbolCache | undefined;
  readonly #minBuildMs: number;
  readonly #entries: LRUCache<string, CachedSymbols>;

  constructor(options: SymbolCacheOptions = {}) {
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(options.maxBytes ?? 256 * 1024 * 1024)),
      // An empty table, too, has a place.
      sizeCalculation: ({ table }) => Math.max(1, table.byteLength),
      ttl: options.maxUnusedMs ?? 0,
      updateAgeOnGet: true,
    });
    this.#disk = options.disk;
    this.#minBuildMs = options.minBuildMs ?? 2;
  }

  /** Tables in memory. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the tables in memory. */
  get byteLength(): number {
    return this.#entries.calculatedSize;
  }

  /** Lets go of what is older than `maxUnusedMs`; a long-lived owner calls it now and then. */
  dropUnused(): void {
    this.#entries.purgeStale();
  }

  /**
   * What is stored under `key` in memory or on disk, or else what `build` makes, stored.
   * @param isWhole asked afterwards: what was not built to its end is not stored
   */
  getOrBuild(
    key: string,
    build: () => BuiltSymbols,
    isWhole: () => boolean = () => true,
  ): CachedSymbols {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const stored = this.#disk?.get(key);
    // What holds a file open is its owner's, who closes it.
    if (stored?.table.close !== undefined) return stored;
    if (stored !== undefined) return this.#keep(key, stored);
    const started = performance.now();
    const built = build();
    if (!isWhole()) return built;
    if (performance.now() - started >= this.#minBuildMs) {
      this.#disk?.set(built.table, built.description);
    }
    return this.#keep(key, built);
  }

  #keep(key: string, symbols: CachedSymbols): CachedSymbols {
    this.#entries.set(key, symbols);
    return symbols;
  }
}
