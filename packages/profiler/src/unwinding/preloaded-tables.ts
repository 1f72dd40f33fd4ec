/**
 * Tables of programs that are not run yet: so that the first of a million stacks a second is walked in the
 * kernel, and none has to wait in the ring. The kernel knows a file by its inode, which it tells of what
 * this process has mapped itself.
 */

import { closeSync, openSync } from 'node:fs';
import { clockNanoseconds, type Native } from '@waggle/ffi';
import { ElfError, ElfImage, isSystemError } from '@waggle/symbols';
import { companionsOf } from '../interpreters/companions.ts';
import { recogniseInterpreter } from '../interpreters/index.ts';
import { OPEN_FLAGS } from '../mappings/open-flags.ts';
import type { FileKeys } from './file-keys.ts';
import type { UnwindTables } from './unwind-tables.ts';

/** Only those that hold an interpreter, or all. */
export type PreloadedFiles = 'all' | 'interpreters';

export class PreloadedTables implements Disposable {
  /** Held until the end: an inode that nobody uses may be another file's tomorrow. */
  readonly #descriptors: number[] = [];

  readonly #native: Native;
  readonly #tables: UnwindTables;
  readonly #keys: FileKeys;

  constructor(native: Native, tables: UnwindTables, keys: FileKeys) {
    this.#native = native;
    this.#tables = tables;
    this.#keys = keys;
  }

  /** Settles when the kernel has the tables of all that have one. Files that cannot be read are left out. */
  async load(paths: readonly string[], which: PreloadedFiles): Promise<void> {
    const all = new Set(paths.flatMap((path) => [path, ...companionsOf(path)]));
    await Promise.all([...all].map((path) => this.#load(path, which)));
    this.#tables.installArrived();
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
  }

  async #load(path: string, which: PreloadedFiles): Promise<void> {
    let fd: number;
    let offset: number | undefined;
    try {
      fd = openSync(path, OPEN_FLAGS);
      this.#descriptors.push(fd);
      offset = codeOffset(fd, which);
    } catch (error) {
      if (error instanceof ElfError || isSystemError(error)) return;
      throw error;
    }
    const key = offset === undefined ? undefined : this.#keys.of(fd, offset);
    if (key === undefined) return;
    const file = { key: `preloaded ${path}`, path, fd, content: undefined, missing: undefined };
    await this.#tables.loaded(file);
    this.#tables.install(key, file, clockNanoseconds(this.#native, 'boottime'));
  }
}

/** Of its code, in the file; undefined where it is not to be loaded. */
function codeOffset(fd: number, which: PreloadedFiles): number | undefined {
  using image = ElfImage.open(fd);
  if (which === 'interpreters' && recogniseInterpreter(image) === undefined) return undefined;
  return image.loads.find(({ executable }) => executable)?.fileOffset;
}
