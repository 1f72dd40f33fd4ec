// Tables of programs that are not run yet: so that the first of a million stacks a second is walked in the
// kernel, and none has to wait in the ring. The kernel knows a file by its inode, which it tells of what
// this process has mapped itself.

import { closeSync, openSync } from 'node:fs';
import { clockNanoseconds, type Native } from '@waggle/ffi';
import { ElfError, ElfImage, isSystemError } from '@waggle/symbols';
import { recogniseInterpreter } from '../interpreters/index.ts';
import { OPEN_FLAGS } from '../mappings/open-flags.ts';
import type { ObjectIdentification } from '../profiler-kernel.ts';
import type { UnwindTables } from './unwind-tables.ts';

/** Only those that hold an interpreter, or all. */
export type PreloadedFiles = 'all' | 'interpreters';

const ONLY_KEY = new Uint8Array(4);

export class PreloadedTables implements Disposable {
  /** Held until the end: an inode that nobody uses may be another file's tomorrow. */
  readonly #descriptors: number[] = [];

  readonly #native: Native;
  readonly #tables: UnwindTables;
  readonly #identification: ObjectIdentification;

  constructor(native: Native, tables: UnwindTables, identification: ObjectIdentification) {
    this.#native = native;
    this.#tables = tables;
    this.#identification = identification;
  }

  /** Settles when the kernel has the tables of all that have one. Files that cannot be read are left out. */
  async load(paths: readonly string[], which: PreloadedFiles): Promise<void> {
    await Promise.all(paths.map((path) => this.#load(path, which)));
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
    const key = offset === undefined ? undefined : this.#identify(fd, offset);
    if (key === undefined) return;
    const file = { key: `preloaded ${path}`, path, fd, content: undefined, missing: undefined };
    await this.#tables.loaded(file);
    this.#tables.install(key, file, clockNanoseconds(this.#native, 'boottime'));
  }

  /** The kernel's key of the file, while a page of its code is mapped here. */
  #identify(fd: number, offset: number): Uint8Array | undefined {
    const { pageSize } = this.#native;
    const { program, identified } = this.#identification;
    // A mount without exec has none.
    const address = this.#native.mapCode(fd, pageSize, offset - (offset % pageSize));
    if (address === undefined) return undefined;
    try {
      const found = program.run([BigInt(address)]) === 1;
      return found ? identified.get(ONLY_KEY) : undefined;
    } finally {
      this.#native.unmap(address, pageSize, []);
    }
  }
}

/** Of its code, in the file; undefined where it is not to be loaded. */
function codeOffset(fd: number, which: PreloadedFiles): number | undefined {
  using image = ElfImage.open(fd);
  if (which === 'interpreters' && recogniseInterpreter(image) === undefined) return undefined;
  return image.loads.find(({ executable }) => executable)?.fileOffset;
}
