/**
 * A folder of files of ours, bounded in bytes and number: what waggle worked out and need not work out
 * again in the next run. Safe under concurrent runs: a file appears whole by rename and is never changed.
 * What is there is believed only where nobody else can write (private-file.ts); its content is for the
 * caller to check. Over its bounds, the files not used for longest go first.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  openPrivateFile,
  type PrivateFile,
  readPrivateFile,
  removeFile,
  writePrivateFile,
} from './private-file.ts';

export interface DiskStoreOptions {
  /** Of every file, with its dot. */
  readonly suffix: string;
  /** All files together. */
  readonly maxBytes: number;
  /** No limit unless told otherwise. */
  readonly maxFiles?: number | undefined;
}

/** Eviction goes on to this share, so that it is not due again at once. */
const LOW_WATER = 0.8;
const HOUR_MS = 3_600_000;

interface StoredFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export class DiskStore {
  readonly directory: string;
  readonly #suffix: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  /** Bytes and files as far as known: counted once, then kept up; others may have added since. */
  #bytes = -1;
  #files = 0;

  /** @param directory made when the first file is written. */
  constructor(directory: string, { suffix, maxBytes, maxFiles }: DiskStoreOptions) {
    this.directory = directory;
    this.#suffix = suffix;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles ?? Number.POSITIVE_INFINITY;
  }

  /** Of a name without the suffix; one with a slash is in a folder below. */
  pathOf(name: string): string {
    return join(this.directory, name + this.#suffix);
  }

  /** `absent` where there is none, `untrusted` where something else is in its place: see `readPrivateFile`. */
  read(name: string, maxBytes: number): Uint8Array | 'absent' | 'untrusted' {
    return readPrivateFile(this.pathOf(name), maxBytes);
  }

  /** The same for who reads parts of it. */
  open(name: string, maxBytes: number): PrivateFile | 'absent' | 'untrusted' {
    return openPrivateFile(this.pathOf(name), maxBytes);
  }

  /**
   * Whole or not at all; false in a directory that is not ours alone.
   *
   * @throws NodeJS.ErrnoException when it cannot be written.
   */
  write(name: string, bytes: Uint8Array): boolean {
    if (!writePrivateFile(this.pathOf(name), bytes)) return false;
    if (this.#bytes < 0) this.prune();
    else {
      this.#bytes += bytes.length;
      this.#files++;
      if (this.#bytes > this.#maxBytes || this.#files > this.#maxFiles) this.prune();
    }
    return true;
  }

  /** @throws NodeJS.ErrnoException, unless it is gone already. */
  remove(name: string): void {
    removeFile(this.pathOf(name));
  }

  /** Counts what is there, and removes what was not used for longest when it is too much. */
  prune(maxBytes: number = this.#maxBytes): void {
    const files = this.#stored();
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    let count = files.length;
    if (bytes > maxBytes || count > this.#maxFiles) {
      files.sort((a, b) => a.mtimeMs - b.mtimeMs);
      for (const { path, size } of files) {
        if (bytes <= maxBytes * LOW_WATER && count <= this.#maxFiles * LOW_WATER) break;
        removeFile(path);
        bytes -= size;
        count--;
      }
    }
    this.#bytes = bytes;
    this.#files = count;
  }

  /** Removes what a run left that was killed in the middle of writing. */
  #stored(): StoredFile[] {
    const files: StoredFile[] = [];
    for (const name of readdirSync(this.directory, { recursive: true, encoding: 'utf8' })) {
      if (!name.includes(this.#suffix)) continue;
      const path = join(this.directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined || !stat.isFile()) continue;
      if (name.endsWith(this.#suffix)) files.push({ path, size: stat.size, mtimeMs: stat.mtimeMs });
      else if (Date.now() - stat.mtimeMs > HOUR_MS) removeFile(path);
    }
    return files;
  }
}
