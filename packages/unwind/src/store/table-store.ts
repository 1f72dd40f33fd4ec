/**
 * Tables on disk by what they are made of, so that a binary is parsed once and not once per run. Files appear by
 * rename and are checked whole when read: a reader sees a sound table or none. The directory is the
 * caller's choice; what is there is believed only where nobody else can write (readPrivateFile of
 * @waggle/symbols), since whoever can decides how stacks are unwound.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ElfImage,
  isSystemError,
  readPrivateFile,
  removeFile,
  writePrivateFile,
} from '@waggle/symbols';
import { type BuiltTable, buildUnwindTable } from '../elf/build-table.ts';
import { UnwindError } from '../error.ts';
import { BLOCK_BYTES, DIRECTORY_FANOUT, ROOT_FANOUT, RULES_PER_BLOCK } from '../table/layout.ts';
import { MAX_RULES } from '../table/rule-dictionary.ts';
import { decodeTableFile, encodeTableFile, FILE_HEADER_BYTES } from './table-file.ts';
import { isTableKey, tableKeyOf } from './table-key.ts';

const SUFFIX = '.unwind';
const MAX_BLOCKS = 1 + ROOT_FANOUT * (1 + DIRECTORY_FANOUT) + MAX_RULES / RULES_PER_BLOCK;
const MAX_FILE_BYTES = FILE_HEADER_BYTES + MAX_BLOCKS * BLOCK_BYTES;

export interface TableStoreOptions {
  /** `tableOf` keeps the directory below this by removing the files not used for longest; 256 MiB. */
  readonly maxBytes?: number;
}

export interface TableStoreStats {
  readonly hits: number;
  readonly misses: number;
  /** Files that were damaged, of another version or of another binary, and were removed. */
  readonly rejected: number;
  /** Tables that could not be written (a full or read-only disk, a directory of others); they were still returned. */
  readonly unwritten: number;
}

export class TableStore {
  readonly directory: string;
  readonly #maxBytes: number;
  #stats = { hits: 0, misses: 0, rejected: 0, unwritten: 0 };

  constructor(directory: string, options: TableStoreOptions = {}) {
    this.directory = directory;
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
  }

  get stats(): TableStoreStats {
    return { ...this.#stats };
  }

  /**
   * The stored table of a file, or else a new one, stored for the next time. Throws what
   * `buildUnwindTable` throws; trouble with the store does not.
   */
  tableOf(elf: ElfImage): BuiltTable {
    const key = tableKeyOf(elf);
    const stored = this.load(key);
    if (stored !== undefined) return stored;
    const built = buildUnwindTable(elf);
    try {
      if (this.save(key, built)) this.prune(this.#maxBytes);
      else this.#stats.unwritten++;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#stats.unwritten++;
    }
    return built;
  }

  /** The stored table, or undefined. What is there and unusable is removed. */
  load(key: string): BuiltTable | undefined {
    const path = this.#pathOf(key);
    const bytes = readPrivateFile(path, MAX_FILE_BYTES);
    if (bytes instanceof Uint8Array) {
      try {
        const built = decodeTableFile(bytes, key);
        this.#stats.hits++;
        return built;
      } catch (error) {
        if (!(error instanceof UnwindError)) throw error;
      }
    }
    if (bytes !== 'absent') {
      this.#stats.rejected++;
      removeFile(path);
    }
    this.#stats.misses++;
    return undefined;
  }

  /**
   * Writes a table, whole or not at all; false in a directory that is not ours alone. Throws the
   * system's error when it cannot.
   */
  save(key: string, built: BuiltTable): boolean {
    return writePrivateFile(this.#pathOf(key), encodeTableFile(key, built));
  }

  /** Removes the files that were not used for longest until at most `maxBytes` are left. */
  prune(maxBytes: number): void {
    const files = this.#files();
    let total = files.reduce((sum, file) => sum + file.size, 0);
    files.sort((a, b) => a.time - b.time);
    for (const file of files) {
      if (total <= maxBytes) return;
      removeFile(file.path);
      total -= file.size;
    }
  }

  #files(): { path: string; size: number; time: number }[] {
    const names = readdirSync(this.directory, { recursive: true, encoding: 'utf8' });
    const files: { path: string; size: number; time: number }[] = [];
    for (const name of names) {
      // Files left by a writer that was killed have one more suffix, and count as well.
      if (!name.includes(SUFFIX)) continue;
      const path = join(this.directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isFile()) files.push({ path, size: stat.size, time: stat.mtimeMs });
    }
    return files;
  }

  #pathOf(key: string): string {
    if (!isTableKey(key)) throw new RangeError(`no key of a table: ${JSON.stringify(key)}`);
    return join(this.directory, key.slice(0, 2), `${key.slice(2)}${SUFFIX}`);
  }
}
