/**
 * Processes whose interpreter generates code, by their mappings. The kernel finds out by itself where a stack leads
 * through the interpreter first, as most do that begin; not in a process that runs its own code already.
 */

import type { Procfs } from '@waggle/cache';
import { mayGenerate } from '../interpreters/index.ts';
import type { InstalledInterpreters } from '../interpreters/installed-interpreters.ts';
import { addressSpaceOf } from '../mappings/address-space-key.ts';
import type { NewMapping } from '../mappings/image-mappings.ts';
import type { ObjectFiles } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import type { UnwindTables } from './unwind-tables.ts';

export class GeneratingSpaces {
  readonly #procfs: Pick<Procfs, 'stat'>;
  readonly #objects: Pick<ObjectFiles, 'of'>;
  readonly #tables: Pick<UnwindTables, 'loaded'>;
  readonly #interpreters: Pick<InstalledInterpreters, 'numberOf' | 'placeGenerator'>;

  /** @param tables are read with what a file says of the interpreter that it holds */
  constructor(
    procfs: Pick<Procfs, 'stat'>,
    objects: Pick<ObjectFiles, 'of'>,
    tables: Pick<UnwindTables, 'loaded'>,
    interpreters: Pick<InstalledInterpreters, 'numberOf' | 'placeGenerator'>,
  ) {
    this.#procfs = procfs;
    this.#objects = objects;
    this.#tables = tables;
    this.#interpreters = interpreters;
  }

  /**
   * What a process has mapped.
   * @returns settles when the kernel is told; undefined where nothing of it may generate code
   */
  note(pid: number, mappings: readonly NewMapping[]): Promise<void> | undefined {
    const mapping = mappings.find(({ path }) => mayGenerate(path));
    return mapping && this.#place(pid, mapping);
  }

  async #place(pid: number, mapping: NewMapping): Promise<void> {
    const space = addressSpaceOf(this.#procfs, pid);
    const object = mapping.object ?? this.#objects.of(pid, mapping);
    await this.#tables.loaded(object);
    const state = stateOfObject(object);
    const number = state === undefined ? 0 : this.#interpreters.numberOf(state);
    if (number === 0 || space === undefined) return;
    this.#interpreters.placeGenerator(space, mapping.start - mapping.fileOffset, number);
  }
}
