/**
 * The interpreters whose frames are walked. To add one: a folder with its `Interpreter`, a line in each list here, and
 * its walk in packages/bpf/bpf/stacks/interpreters/walk.h. What plugins describe comes besides (frame-list/).
 */

import type { ElfImage } from '@waggle/symbols';
import { cpython } from './cpython/index.ts';
import { lineByLineTable, lineByLocationTable, lineByNumberTable } from './cpython/line-tables.ts';
import type { FrameListInterpreter } from './frame-list/description.ts';
import { frameListInterpreter } from './frame-list/recognise.ts';
import { hotspot } from './hotspot/index.ts';
import { lineOfBytecode, lineOfBytecodeWithoutZeros } from './hotspot/lines.ts';
import { javaName } from './hotspot/names.ts';
import type {
  Interpreter,
  InterpreterDescription,
  LineOf,
  Naming,
  UnknownInterpreter,
} from './interpreter.ts';
import { unwalked } from './unwalked.ts';
import { v8 } from './v8/index.ts';

const INTERPRETERS: readonly Interpreter[] = [cpython, v8, hotspot, unwalked];

/** By the name that a description has for its own. */
export const LINE_TABLES: Readonly<Record<string, LineOf>> = {
  'cpython-lnotab': lineByNumberTable,
  'cpython-linetable': lineByLineTable,
  'cpython-locations': lineByLocationTable,
  hotspot: lineOfBytecode,
  'hotspot-20': lineOfBytecodeWithoutZeros,
};

/** By the name that a description has for its own. */
export const NAMINGS: Readonly<Record<string, Naming>> = {
  hotspot: javaName,
};

/** Whether the name suggests an interpreter that says where its generated code is, by which that is walked. */
export function mayGenerate(path: string): boolean {
  const name = lastPart(path);
  return INTERPRETERS.some(
    ({ fileNames, generates }) => generates === true && fileNames.test(name),
  );
}

/** The search is from the end: a path may have 4 KiB. */
function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** All that files are looked at for: our own, and those that plugins describe. */
export class KnownInterpreters {
  readonly #all: readonly Interpreter[];

  constructor(described: readonly FrameListInterpreter[] = []) {
    // Those first: one may describe what we do not walk.
    this.#all = [...described.map(frameListInterpreter), ...INTERPRETERS];
  }

  /** Whether the file is called as those that hold an interpreter: not all of them are, nor does each hold one. */
  hasUsualName(path: string): boolean {
    const name = lastPart(path);
    return this.#all.some(({ fileNames }) => fileNames.test(name));
  }

  /** Which one the file holds, of those that are walked. @throws ElfError for a damaged file. */
  in(elf: ElfImage): Interpreter | undefined {
    return this.#all.find(({ recognise }) => {
      const found = recognise(elf);
      return found !== undefined && !('unknown' in found);
    });
  }

  /** What the file holds; undefined for nearly all of them. @throws ElfError for a damaged file. */
  recognise(elf: ElfImage): InterpreterDescription | UnknownInterpreter | undefined {
    for (const { recognise } of this.#all) {
      const found = recognise(elf);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
