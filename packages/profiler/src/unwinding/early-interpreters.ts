/**
 * Interpreters that are known before their first sample: a file that is called as they usually are is looked at as
 * soon as a process maps it, which takes milliseconds where its unwind table takes a tenth of a second. Until that
 * table is there, samples bring their interpreted frames along (deferred.h). Any other file that holds an interpreter
 * is found out with its table.
 *
 * Frames in code that an interpreter has generated cannot be brought along. The kernel walks them by what the file says of
 * itself, and keeps them where they lead to a library that has no table: functions have names, and the callers behind that
 * library are missing. So what a process maps that runs such an interpreter has its table read at once, and not with its
 * first sample: on a busy host that takes a tenth of a second.
 */

import type { Procfs } from '@waggle/cache';
import { ElfError, ElfImage, isSystemError, ReadBudget } from '@waggle/symbols';
import { UnwindError } from '@waggle/unwind';
import { LRUCache } from 'lru-cache';
import { type KnownInterpreters, mayGenerate } from '../interpreters/index.ts';
import type { InstalledInterpreters } from '../interpreters/installed-interpreters.ts';
import { addressSpaceOf } from '../mappings/address-space-key.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { isGenerated } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import type { Mapping } from '../mappings/perf-records.ts';
import type { FileKeys } from './file-keys.ts';

import type { UnwindTables } from './unwind-tables.ts';

/** Sampling goes on meanwhile, and nothing is taken in. What takes longer is found out with the table. */
const MAX_MS = 100;
/** Files in one state each. What is more of them is found out with the table. */
const MAX_FILES = 256;
/** Of libraries whose tables are read at once; the others have theirs with their first sample. */
const MAX_LIBRARIES = 1024;
/** Processes that may run an interpreter that generates code. Who is taken for one has tables read for nothing. */
const MAX_GENERATING = 4096;

type Tables = Pick<UnwindTables, 'install'>;

export class EarlyInterpreters {
  /** States of files that were looked at. */
  readonly #known = new Set<string>();
  readonly #libraries = new Set<string>();
  readonly #generating = new LRUCache<number, true>({ max: MAX_GENERATING });

  readonly #procfs: Pick<Procfs, 'stat'>;
  readonly #installed: InstalledInterpreters;
  readonly #tables: Tables;
  readonly #keys: Pick<FileKeys, 'of'>;
  readonly #interpreters: KnownInterpreters;

  constructor(
    procfs: Pick<Procfs, 'stat'>,
    installed: InstalledInterpreters,
    tables: Tables,
    keys: Pick<FileKeys, 'of'>,
    interpreters: KnownInterpreters,
  ) {
    this.#procfs = procfs;
    this.#installed = installed;
    this.#tables = tables;
    this.#keys = keys;
    this.#interpreters = interpreters;
  }

  /**
   * A process has mapped code of a file.
   * @param object the file; asked for only where its name is an interpreter's
   * @param time CLOCK_BOOTTIME in ns
   * @returns whether that is new: a program may be about to map the library that holds its interpreter
   */
  mapped(
    pid: number,
    mapping: Mapping,
    time: bigint,
    object: () => ObjectFile | undefined,
  ): boolean {
    const mayHold = this.#interpreters.hasUsualName(mapping.path);
    if (mayHold && mayGenerate(mapping.path)) this.#generates(pid);
    if (!mayHold && !this.#generating.has(pid)) return false;
    const file = object();
    // A file that may not answer is read elsewhere.
    if (file?.fd === undefined || file.remote !== undefined) return false;
    const state = stateOfObject(file);
    if (state === undefined) return false;
    if (!mayHold) {
      this.#load(file, file.fd, state, mapping.fileOffset, time);
      return false;
    }
    const isNew = !this.#known.has(state);
    if (isNew) {
      if (this.#known.size >= MAX_FILES) return false;
      this.#known.add(state);
      this.#describe(file, file.fd, state, time);
    }
    const number = this.#installed.numberOf(state);
    if (number === 0) return isNew;
    const space = addressSpaceOf(this.#procfs, pid);
    if (space === undefined) return isNew;
    const base = mapping.start - mapping.fileOffset;
    this.#installed.place(space, base, number);
    // Its code may be sampled before a stack leads through the file, whose table is not there yet.
    if (mayGenerate(mapping.path)) this.#installed.placeGenerator(space, base, number);
    return isNew;
  }

  /** A process runs an interpreter that generates code. */
  #generates(pid: number): void {
    this.#generating.set(pid, true);
  }

  /** The table of a library, before it is met. */
  #load(file: ObjectFile, fd: number, state: string, codeOffset: number, time: bigint): void {
    if (this.#libraries.has(state) || this.#libraries.size >= MAX_LIBRARIES) return;
    this.#libraries.add(state);
    const key = isGenerated(file) ? undefined : this.#keys.of(fd, codeOffset);
    if (key !== undefined) this.#tables.install(key, file, time);
  }

  #describe(file: ObjectFile, fd: number, state: string, time: bigint): void {
    try {
      using elf = ElfImage.open(`/proc/self/fd/${fd}`, { budget: new ReadBudget({ ms: MAX_MS }) });
      const found = this.#interpreters.recognise(elf);
      const code = elf.loads.find(({ executable }) => executable);
      if (found === undefined || code === undefined) return;
      this.#installed.install(state, found);
      const key = this.#keys.of(fd, code.fileOffset);
      if (key !== undefined) this.#tables.install(key, file, time);
    } catch (error) {
      // Damaged, too large to be read here, or not to be read any more.
      if (error instanceof ElfError || error instanceof UnwindError || isSystemError(error)) return;
      throw error;
    }
  }
}
