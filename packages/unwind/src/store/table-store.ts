/**
 * Tables on disk by build-id, so that a binary is parsed once and not once per run. Files appear by
 * rename and are checked whole when read: a reader sees a sound table or none. The directory is the
 * caller's choice, and must belong to the user, since whoever can write there decides how stacks are
 * unwound.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ElfImage } from '@waggle/symbols';
import { type BuiltTable, buildUnwindTable } from '../elf/build-table.ts';
import { UnwindError } from '../error.ts';
import { BLOCK_BYTES, DIRECTORY_FANOUT, ROOT_FANOUT, RULES_PER_BLOCK } from '../table/layout.ts';
import { MAX_RULES } from '../table/rule-dictionary.ts';
import {
  decodeTableFile,
  encodeTableFile,
  FILE_HEADER_BYTES,
  isBuildId,
  type TableKey,
  tableKeyOf,
} from './table-file.ts';

const SUFFIX = '.unwind';
const MAX_BLOCKS = 1 + ROOT_FANOUT * (1 + DIRECTORY_FANOUT) + MAX_RULES / RULES_PER_BLOCK;
const MAX_FILE_BYTES = FILE_HEADER_BYTES + MAX_BLOCKS * BLOCK_BYTES;

export interface TableStoreOptions {
  /** `tableOf` keeps the directory below this by removing the files written longest ago; 256 MiB. */
  readonly maxBytes?: number;
}

export interface TableStoreStats {
  readonly hits: number;
  readonly misses: number;
  /** Files that were damaged, of another version or of another binary, and were removed. */
  readonly rejected: number;
  /** Tables that could not be written (a full or read-only disk); they were still returned. */
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
   * The stored table of a file, or else a new one, stored for the next time. A file without build-id
   * is parsed every time. Throws what `buildUnwindTable` throws; trouble with the store does not.
   */
  tableOf(elf: ElfImage): BuiltTable {
    const key = tableKeyOf(elf);
    const stored = key && this.load(key);
    if (stored !== undefined) return stored;
    const built = buildUnwindTable(elf);
    if (key !== undefined) {
      try {
        this.save(key, built);
        this.prune(this.#maxBytes);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        this.#stats.unwritten++;
      }
    }
    return built;
  }

  /** The stored table, or undefined. What is there and unusable is removed. */
  load(key: TableKey): BuiltTable | undefined {
    const path = this.#pathOf(key.buildId);
    try {
      const bytes = readOwnFile(path);
      if (bytes !== undefined) {
        const built = decodeTableFile(bytes, key);
        this.#stats.hits++;
        return built;
      }
    } catch (error) {
      if (!(error instanceof UnwindError)) throw error;
      this.#stats.rejected++;
      rmSync(path, { force: true });
    }
    this.#stats.misses++;
    return undefined;
  }

  /** Writes a table, whole or not at all. Throws the system's error when it cannot. */
  save(key: TableKey, built: BuiltTable): void {
    const path = this.#pathOf(key.buildId);
    const bytes = encodeTableFile(key, built);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${randomBytes(8).toString('hex')}`;
    try {
      writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** Removes the files written longest ago until at most `maxBytes` are left. */
  prune(maxBytes: number): void {
    const files = this.#files();
    let total = files.reduce((sum, file) => sum + file.size, 0);
    files.sort((a, b) => a.time - b.time);
    for (const file of files) {
      if (total <= maxBytes) return;
      rmSync(file.path, { force: true });
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
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isFile()) files.push({ path, size: stat.size, time: stat.mtimeMs });
    }
    return files;
  }

  #pathOf(buildId: string): string {
    if (!isBuildId(buildId)) throw new RangeError(`no build-id: ${JSON.stringify(buildId)}`);
    return join(this.directory, buildId.slice(0, 2), `${buildId.slice(2)}${SUFFIX}`);
  }
}

/** S_IWGRP and S_IWOTH of inode(7). */
const OTHERS_MAY_WRITE = 0o022;

/**
 * A regular file of our own, of sane size, that nobody else may write to; undefined when there is no
 * such file.
 */
function readOwnFile(path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    const own = process.getuid === undefined || stat.uid === process.getuid();
    const writable = (stat.mode & OTHERS_MAY_WRITE) !== 0;
    if (!stat.isFile() || !own || writable || stat.size > MAX_FILE_BYTES) {
      throw new UnwindError('bad-table', 'not a file that a store has written');
    }
    const bytes = new Uint8Array(stat.size);
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, done);
      if (got === 0) throw new UnwindError('bad-table', 'the file is cut off');
      done += got;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code));
}
