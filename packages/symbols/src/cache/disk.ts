/**
 * Symbol tables on disk, one file per object, so that the next run need not parse again. The content of
 * a file is checked; what fails here costs time and never an answer. Place: XDG Base Directory Specification.
 */
import { isAbsolute, join } from 'node:path';
import { cryptography } from '../crypto.ts';
import { DiskStore } from '../disk-store/disk-store.ts';
import { isOurPlace, readWhole } from '../disk-store/private-file.ts';
import type { NameTable, SymbolTable } from '../symbol-table.ts';
import { isSystemError } from '../system-error.ts';
import { PartedTable } from './parted-table.ts';
import { decodeTable, encodeTable, TABLE_VERSION, type TableDescription } from './table-file.ts';

export interface DiskCacheOptions {
  /** All files together, in bytes; 512 MiB unless told otherwise. */
  readonly maxBytes?: number | undefined;
  /** Number of files; 4096 unless told otherwise. */
  readonly maxFiles?: number | undefined;
  /** Tables of at least as many bytes are left on disk, and parts of them are read; all are read whole unless told otherwise. */
  readonly partedFromBytes?: number | undefined;
}

const MEBIBYTE = 1024 * 1024;
/** A table beyond this share of the whole would push out everything else. */
const LARGEST_SHARE = 1 / 2;

/** Of root where HOME is another's, as under sudo: see file-hierarchy(7). */
const SYSTEM_CACHE = '/var/cache/waggle';

/**
 * `$XDG_CACHE_HOME/waggle`, else `~/.cache/waggle`; undefined when neither is set, or where they are
 * another user's, who could change what we believe, and who would find files there that are not his.
 * Root then has `/var/cache/waggle`.
 */
export function defaultCacheDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const { XDG_CACHE_HOME: xdg, HOME: home } = env;
  // A relative path is invalid by the specification, and to be ignored.
  const places = [
    xdg !== undefined && isAbsolute(xdg) ? xdg : undefined,
    home !== undefined && isAbsolute(home) ? join(home, '.cache') : undefined,
  ];
  const place = places.find((path) => path !== undefined);
  if (place === undefined) return undefined;
  if (isOurPlace(place)) return join(place, 'waggle');
  return process.geteuid?.() === 0 ? SYSTEM_CACHE : undefined;
}

interface StoredTable {
  readonly table: NameTable;
  readonly description: TableDescription;
}

export class DiskSymbolCache {
  readonly #store: DiskStore;
  readonly #maxBytes: number;
  readonly #partedFromBytes: number;

  /** @param directory waggle's own cache directory; made when the first table is stored. */
  constructor(directory: string, options: DiskCacheOptions = {}) {
    this.#maxBytes = options.maxBytes ?? 512 * MEBIBYTE;
    this.#partedFromBytes = options.partedFromBytes ?? Number.POSITIVE_INFINITY;
    this.#store = new DiskStore(join(directory, `symbols-${TABLE_VERSION}`), {
      suffix: '.sym',
      maxBytes: this.#maxBytes,
      maxFiles: options.maxFiles ?? 4096,
    });
  }

  /** The table stored under `key`, or undefined. One that has `close` holds its file open. */
  get(key: string): StoredTable | undefined {
    const found = this.#read(nameOf(key));
    if (found?.description.key === key) return found;
    found?.table.close?.();
    return undefined;
  }

  #read(name: string): StoredTable | undefined {
    const file = this.#store.open(name, this.#maxBytes);
    if (typeof file === 'string') return undefined;
    if (file.size >= this.#partedFromBytes) return PartedTable.open(file);
    const bytes = readWhole(file);
    return bytes instanceof Uint8Array ? decodeTable(bytes) : undefined;
  }

  /** Stores a table under `description.key`; whether that worked out. */
  set(table: SymbolTable, description: TableDescription): boolean {
    try {
      const bytes = encodeTable(table, description);
      if (bytes.length > this.#maxBytes * LARGEST_SHARE) return false;
      return this.#store.write(nameOf(description.key), bytes);
    } catch (error) {
      if (isSystemError(error) || error instanceof RangeError) return false;
      throw error;
    }
  }
}

function nameOf(key: string): string {
  return cryptography().createHash('sha256').update(key).digest('hex');
}
