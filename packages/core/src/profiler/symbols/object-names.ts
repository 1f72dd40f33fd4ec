// Names of code in objects: their functions and, with lines, the places in the source and what was
// inlined there. An object's tables are read when a first frame of it asks, and count only while
// its file holds what was mapped.

import {
  demangle,
  ElfError,
  ObjectSymbols,
  readVdso,
  type SourceLocation,
  type SourcePlace,
  type SymbolCache,
  type SymbolHit,
  SymbolTable,
} from '@waggle/symbols';
import { type ObjectFile, VDSO } from '../object-files.ts';

/** A place in the source. */
export interface SourceLine {
  /** As the compiler was told it, made absolute by where it ran. */
  readonly file: string;
  /** From 1; 0 when the compiler gives none. */
  readonly line: number;
}

export interface NamedCode {
  /** Demangled. */
  readonly name: string;
  /** Only with lines, and where the object or its debug file has DWARF. */
  readonly source?: SourceLine;
}

export interface ObjectNamesOptions {
  /** Where tables are taken from and kept. */
  readonly cache: SymbolCache;
  /** Also places in the source, and inlined functions. Default: only functions. */
  readonly lines?: boolean;
}

/** What names of an object are looked up by: addresses are its own, not those of a process. */
interface SymbolSource {
  vaddrOfFileOffset(offset: number): number | undefined;
  lookup(vaddr: number): SymbolHit | undefined;
  lines(vaddr: number): SourceLocation | undefined;
  close(): void;
}

interface LoadedObject {
  /** undefined when it has no names, or none that may be used. */
  source: SymbolSource | undefined;
  checkedAt: number;
}

/** A file may be written over at any time; asked this often while frames of it are named. */
const CHECK_MS = 100;

export class ObjectNames implements Disposable {
  private readonly loaded = new Map<string, LoadedObject>();

  constructor(private readonly options: ObjectNamesOptions) {}

  /**
   * The function at an offset of the object's file and, with lines, those inlined there: root
   * first. Empty when it has no name.
   */
  at(object: ObjectFile, offset: number, isReturn: boolean): readonly NamedCode[] {
    const source = this.load(object);
    const start = source?.vaddrOfFileOffset(offset);
    if (source === undefined || start === undefined) return [];
    // A return address is behind the call, which may be the function's last instruction.
    const address = isReturn ? start - 1 : start;
    const place = this.options.lines === true ? source.lines(address) : undefined;
    const name = source.lookup(address)?.name ?? place?.function;
    if (name === undefined) return [];
    if (place === undefined) return [{ name: demangle(name) }];
    return [{ ...place, function: name }, ...place.inlined].map(namedPlace);
  }

  [Symbol.dispose](): void {
    for (const { source } of this.loaded.values()) source?.close();
    this.loaded.clear();
  }

  private load(object: ObjectFile): SymbolSource | undefined {
    const now = performance.now();
    const known = this.loaded.get(object.key);
    if (known === undefined) {
      const source = this.read(object);
      this.loaded.set(object.key, { source, checkedAt: now });
      return source;
    }
    if (known.source !== undefined && now - known.checkedAt > CHECK_MS) {
      known.checkedAt = now;
      if (!isUsable(object)) {
        known.source.close();
        known.source = undefined;
      }
    }
    return known.source;
  }

  private read(object: ObjectFile): SymbolSource | undefined {
    const { fd, path } = object;
    try {
      if (path === VDSO) return vdso();
      if (fd === undefined || !isUsable(object)) return undefined;
      const symbols = ObjectSymbols.open(fd, {
        path,
        cache: this.options.cache,
        lines: this.options.lines ?? false,
      });
      // Written over while it was read: who knows what of it is in the tables.
      if (isUsable(object)) return symbols;
      symbols.close();
      return undefined;
    } catch (error) {
      // Not an ELF file, or one that lies about itself, or cannot be read any more: its frames keep
      // their offsets.
      if (error instanceof ElfError || isSystemError(error)) return undefined;
      throw error;
    }
  }
}

/** Ours: the kernel gives every process of this architecture the same. */
function vdso(): SymbolSource | undefined {
  const image = readVdso();
  if (image === undefined) return undefined;
  const table = SymbolTable.fromElf(image);
  return {
    vaddrOfFileOffset: (offset) => image.vaddrOfFileOffset(offset),
    lookup: (vaddr) => table.lookup(vaddr),
    lines: () => undefined,
    close: () => {},
  };
}

function isUsable(object: ObjectFile): boolean {
  if (object.path === VDSO) return true;
  try {
    return object.isIntact();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

function namedPlace({ function: name, file, line }: SourcePlace): NamedCode {
  const named = { name: name === undefined ? '[inlined]' : demangle(name) };
  return file === undefined ? named : { ...named, source: { file, line } };
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
