/**
 * Tables on disk by what they are made of, so that a binary is parsed once and not once per run. They are
 * checked whole when read. The directory is the caller's choice; what is there is believed only where nobody
 * else can write (DiskStore of @waggle/symbols), since whoever can decides how stacks are unwound.
 */
import { DiskStore, type ElfImage, isSystemError } from '@waggle/symbols';
import { type BuiltTable, buildUnwindTable } from '../elf/build-table.ts';
import { UnwindError } from '../error.ts';
import { BLOCK_BYTES, DIRECTORY_FANOUT, ROOT_FANOUT, RULES_PER_BLOCK } from '../table/layout.ts';
import { MAX_RULES } from '../table/rule-dictionary.ts';
import { decodeTableFile, encodeTableFile, FILE_HEADER_BYTES } from './table-file.ts';
import { isTableKey, tableKeyOf } from './table-key.ts';

const MAX_BLOCKS = 1 + ROOT_FANOUT * (1 + DIRECTORY_FANOUT) + MAX_RULES / RULES_PER_BLOCK;
const MAX_FILE_BYTES = FILE_HEADER_BYTES + MAX_BLOCKS * BLOCK_BYTES;

export interface TableStoreOptions {
  /** `tableOf` keeps the directory below this by removing the files not used for longest; 256 MiB. */
  readonly maxBytes?: number | undefined;
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
  readonly #store: DiskStore;
  #stats = { hits: 0, misses: 0, rejected: 0, unwritten: 0 };

  constructor(directory: string, options: TableStoreOptions = {}) {
    const maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.#store = new DiskStore(directory, { suffix: '.unwind', maxBytes });
  }

  get directory(): string {
    return this.#store.directory;
  }

  get stats(): TableStoreStats {
    return { ...this.#stats };
  }

  /**
   * The stored table of a file, or else a new one, stored for the next time.
   * @throws `UnwindError`, `ElfError` as `buildUnwindTable`; trouble with the store is no error
   */
  tableOf(elf: ElfImage): BuiltTable {
    const key = tableKeyOf(elf);
    const stored = this.load(key);
    if (stored !== undefined) return stored;
    const built = buildUnwindTable(elf);
    try {
      if (!this.save(key, built)) this.#stats.unwritten++;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#stats.unwritten++;
    }
    return built;
  }

  /**
   * The stored table, or undefined. What is there and unusable is removed.
   * @throws RangeError for what is no key of a table.
   */
  load(key: string): BuiltTable | undefined {
    const name = nameOf(key);
    const bytes = this.#store.read(name, MAX_FILE_BYTES);
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
      this.#store.remove(name);
    }
    this.#stats.misses++;
    return undefined;
  }

  /**
   * Writes a table, whole or not at all; false in a directory that is not ours alone.
   * @throws NodeJS.ErrnoException when it cannot
   */
  save(key: string, built: BuiltTable): boolean {
    return this.#store.write(nameOf(key), encodeTableFile(key, built));
  }

  /** Removes the files that were not used for longest until at most `maxBytes` are left. */
  prune(maxBytes: number): void {
    this.#store.prune(maxBytes);
  }
}

function nameOf(key: string): string {
  if (!isTableKey(key)) throw new RangeError(`no key of a table: ${JSON.stringify(key)}`);
  return `${key.slice(0, 2)}/${key.slice(2)}`;
}
