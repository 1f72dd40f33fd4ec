/**
 * Symbol tables on disk, one file per object, so that the next run need not parse again. Safe under
 * concurrent runs: a file appears whole by rename and is never changed. Nothing in the directory is
 * trusted: only own files that nobody else may write are read, and their content is checked. What
 * fails here costs time and never an answer. Place: XDG Base Directory Specification.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  isOurPlace,
  readPrivateFile,
  removeFile,
  TEMPORARY,
  writePrivateFile,
} from '../disk-store/private-files.ts';
import type { SymbolTable } from '../symbol-table.ts';
import { isSystemError } from '../system-error.ts';
import { decodeTable, encodeTable, TABLE_VERSION, type TableDescription } from './table-file.ts';

export interface DiskCacheOptions {
  /** All files together, in bytes; 512 MiB unless told otherwise. */
  readonly maxBytes?: number;
  /** Number of files; 4096 unless told otherwise. */
  readonly maxFiles?: number;
}

const MEBIBYTE = 1024 * 1024;
const SUFFIX = '.sym';
/** A table beyond this share of the whole would push out everything else. */
const LARGEST_SHARE = 1 / 2;
/** Eviction goes on to this share, so that it is not due again at once. */
const LOW_WATER = 0.8;
const HOUR_MS = 3_600_000;

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

export class DiskSymbolCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  /** Bytes and files as far as known: counted once, then kept up; others may have added since. */
  #bytes = -1;
  #files = 0;

  /** @param directory waggle's own cache directory; made when the first table is stored. */
  constructor(directory: string, options: DiskCacheOptions = {}) {
    this.#directory = join(directory, `symbols-${TABLE_VERSION}`);
    this.#maxBytes = options.maxBytes ?? 512 * MEBIBYTE;
    this.#maxFiles = options.maxFiles ?? 4096;
  }

  /** The table stored under `key`, or undefined. */
  get(
    key: string,
  ): { readonly table: SymbolTable; readonly description: TableDescription } | undefined {
    const bytes = readPrivateFile(this.#path(key), this.#maxBytes);
    const found = bytes instanceof Uint8Array ? decodeTable(bytes) : undefined;
    return found?.description.key === key ? found : undefined;
  }

  /** Stores a table under `description.key`; whether that worked out. */
  set(table: SymbolTable, description: TableDescription): boolean {
    try {
      const bytes = encodeTable(table, description);
      if (bytes.length > this.#maxBytes * LARGEST_SHARE) return false;
      if (!writePrivateFile(this.#path(description.key), bytes)) return false;
      if (this.#bytes < 0) this.#evict();
      this.#bytes += bytes.length;
      this.#files++;
      if (this.#bytes > this.#maxBytes || this.#files > this.#maxFiles) this.#evict();
      return true;
    } catch (error) {
      if (isSystemError(error) || error instanceof RangeError) return false;
      throw error;
    }
  }

  #path(key: string): string {
    return join(this.#directory, createHash('sha256').update(key).digest('hex') + SUFFIX);
  }

  /** Counts what is there, and removes the least recently used when it is too much. */
  #evict(): void {
    const files: { path: string; size: number; mtimeMs: number }[] = [];
    let bytes = 0;
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined || !stat.isFile()) continue;
      // Left by a run that was killed in the middle.
      if (name.endsWith(TEMPORARY)) {
        if (Date.now() - stat.mtimeMs > HOUR_MS) removeFile(path);
        continue;
      }
      if (!name.endsWith(SUFFIX)) continue;
      files.push({ path, size: stat.size, mtimeMs: stat.mtimeMs });
      bytes += stat.size;
    }
    let count = files.length;
    if (bytes > this.#maxBytes || count > this.#maxFiles) {
      files.sort((a, b) => a.mtimeMs - b.mtimeMs);
      for (const { path, size } of files) {
        if (bytes <= this.#maxBytes * LOW_WATER && count <= this.#maxFiles * LOW_WATER) break;
        removeFile(path);
        bytes -= size;
        count--;
      }
    }
    this.#bytes = bytes;
    this.#files = count;
  }
}
