/**
 * Tables of programs that are not run yet: so that the first of a million stacks a second is walked in the
 * kernel, and none has to wait in the ring. The kernel knows a file by its inode, which it tells of what
 * this process has mapped itself.
 */

import { closeSync, openSync } from 'node:fs';
import { clockNanoseconds, type Native } from '@waggle/ffi';
import { ElfError, ElfImage, isSystemError } from '@waggle/symbols';
import { companionsOf } from '../interpreters/companions.ts';
import type { KnownInterpreters } from '../interpreters/index.ts';
import type { Interpreter } from '../interpreters/interpreter.ts';
import { OPEN_FLAGS } from '../mappings/open-flags.ts';
import type { FileKeys } from './file-keys.ts';
import type { UnwindTables } from './unwind-tables.ts';

/**
 * All, or only those that hold an interpreter. With one that generates code come the others, too: a stack that leads
 * through a library without a table is walked by userspace, which does not know what such code is of.
 */
export type PreloadedFiles = 'all' | 'interpreters';

/** A file that may be loaded. */
interface Opened {
  readonly path: string;
  readonly fd: number;
  /** Of its code, in the file. */
  readonly codeOffset: number;
  /** The interpreter that it holds. */
  readonly held: Interpreter | undefined;
}

export class PreloadedTables implements Disposable {
  /** Held until the end: an inode that nobody uses may be another file's tomorrow. */
  readonly #descriptors: number[] = [];

  readonly #native: Native;
  readonly #tables: UnwindTables;
  readonly #keys: FileKeys;
  readonly #interpreters: KnownInterpreters;

  constructor(
    native: Native,
    tables: UnwindTables,
    keys: FileKeys,
    interpreters: KnownInterpreters,
  ) {
    this.#native = native;
    this.#tables = tables;
    this.#keys = keys;
    this.#interpreters = interpreters;
  }

  /** Settles when the kernel has the tables of all that have one. Files that cannot be read are left out. */
  async load(paths: readonly string[], which: PreloadedFiles): Promise<void> {
    const all = [...new Set(paths.flatMap((path) => [path, ...companionsOf(path)]))];
    const files = all.flatMap((path) => this.#open(path) ?? []);
    const isGenerating = files.some(({ held }) => held?.generates === true);
    const wanted = files.filter(
      ({ held }) => which === 'all' || isGenerating || held !== undefined,
    );
    await Promise.all(wanted.map((file) => this.#load(file)));
    this.#tables.installArrived();
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
  }

  #open(path: string): Opened | undefined {
    try {
      const fd = openSync(path, OPEN_FLAGS);
      this.#descriptors.push(fd);
      using image = ElfImage.open(fd);
      const code = image.loads.find(({ executable }) => executable);
      if (code === undefined) return undefined;
      return { path, fd, codeOffset: code.fileOffset, held: this.#interpreters.in(image) };
    } catch (error) {
      if (error instanceof ElfError || isSystemError(error)) return undefined;
      throw error;
    }
  }

  async #load({ path, fd, codeOffset }: Opened): Promise<void> {
    const key = this.#keys.of(fd, codeOffset);
    if (key === undefined) return;
    const file = { key: `preloaded ${path}`, path, fd, content: undefined, missing: undefined };
    await this.#tables.loaded(file);
    this.#tables.install(key, file, clockNanoseconds(this.#native, 'boottime'));
  }
}
