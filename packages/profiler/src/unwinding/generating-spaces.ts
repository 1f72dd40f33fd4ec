// Processes whose interpreter generates code, by their mappings. The kernel finds out by itself where a stack leads
// through the interpreter first, as most do that begin; not in a process that runs its own code already.

import { addressSpace, interpreterPlace } from '@waggle/bpf';
import { type Procfs, ProcfsError } from '@waggle/cache';
import type { BpfMap } from '@waggle/ffi';
import { mayGenerate } from '../interpreters/index.ts';
import type { InstalledInterpreters } from '../interpreters/installed-interpreters.ts';
import type { NewMapping } from '../mappings/image-mappings.ts';
import type { AddressSpaceKey } from '../mappings/jit-maps.ts';
import type { ObjectFiles } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import type { SamplerMaps } from '../profiler-kernel.ts';
import type { UnwindTables } from './unwind-tables.ts';

export class GeneratingSpaces {
  readonly #spaces: BpfMap;
  readonly #procfs: Pick<Procfs, 'stat'>;
  readonly #objects: Pick<ObjectFiles, 'of'>;
  readonly #tables: Pick<UnwindTables, 'loaded'>;
  readonly #interpreters: Pick<InstalledInterpreters, 'numberOf'>;

  /** @param tables are read with what a file says of the interpreter that it holds */
  constructor(
    map: SamplerMaps,
    procfs: Pick<Procfs, 'stat'>,
    objects: Pick<ObjectFiles, 'of'>,
    tables: Pick<UnwindTables, 'loaded'>,
    interpreters: Pick<InstalledInterpreters, 'numberOf'>,
  ) {
    this.#spaces = map('generating_spaces');
    this.#procfs = procfs;
    this.#objects = objects;
    this.#tables = tables;
    this.#interpreters = interpreters;
  }

  /** What a process has mapped. Settles when the kernel is told. */
  async note(pid: number, mappings: readonly NewMapping[]): Promise<void> {
    const mapping = mappings.find(({ path }) => mayGenerate(path));
    if (mapping === undefined) return;
    const space = this.#spaceOf(pid);
    const object = mapping.object ?? this.#objects.of(pid, mapping);
    await this.#tables.loaded(object);
    const state = stateOfObject(object);
    const number = state === undefined ? 0 : this.#interpreters.numberOf(state);
    // Who may not trace the process reads 0.
    if (number === 0 || space === undefined || space.startStack === 0) return;
    this.#spaces.set(keyOf(space), placeOf(number, mapping));
  }

  #spaceOf(pid: number): AddressSpaceKey | undefined {
    try {
      return this.#procfs.stat(pid);
    } catch (error) {
      if (error instanceof ProcfsError) return undefined;
      throw error;
    }
  }
}

function keyOf({ startCode, startStack }: AddressSpaceKey): Uint8Array {
  const key = new DataView(new ArrayBuffer(addressSpace.size));
  key.setBigUint64(addressSpace.offset.start_code, BigInt(startCode), true);
  key.setBigUint64(addressSpace.offset.start_stack, BigInt(startStack), true);
  return new Uint8Array(key.buffer);
}

function placeOf(number: number, { start, fileOffset }: NewMapping): Uint8Array {
  const place = new DataView(new ArrayBuffer(interpreterPlace.size));
  place.setBigInt64(interpreterPlace.offset.base, BigInt(start - fileOffset), true);
  place.setUint32(interpreterPlace.offset.interpreter, number, true);
  return new Uint8Array(place.buffer);
}
