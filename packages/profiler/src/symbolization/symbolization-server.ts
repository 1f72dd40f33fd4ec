/**
 * Reads objects for the profiler: their unwind tables, and the names of their code. Everything here
 * blocks, so it has a thread of its own (symbolization-worker.ts); it runs on any.
 */

import { join } from 'node:path';
import type { ProfileFrame } from '@waggle/formats';
import {
  type DescriptorLedger,
  DiskSymbolCache,
  demangle,
  ElfError,
  ElfImage,
  isSystemError,
  KernelSymbols,
  ObjectSymbols,
  ReadBudget,
  readKernelSymbols,
  readVdso,
  SymbolCache,
  SymbolTable,
  scanPerfMap,
} from '@waggle/symbols';
import { buildUnwindTable, FunctionBounds, TableStore, UnwindError } from '@waggle/unwind';
import { inlinedFrames, openWithLines } from '../frames/inlined-frames.ts';
import type { LeftOut } from '../frames/unresolved-frame.ts';
import { KnownInterpreters } from '../interpreters/index.ts';
import type { InterpreterDescription, UnknownInterpreter } from '../interpreters/interpreter.ts';
import { stateOf } from '../mappings/file-content.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { holdsItsContent, VDSO } from '../mappings/object-files.ts';
import { LiveKernelSymbols } from './live-kernel-symbols.ts';
import { type Known, type LoadedObject, LoadedObjects } from './loaded-objects.ts';
import {
  type CodePlace,
  type FunctionsResponse,
  type KernelPlace,
  type ReaderConfig,
  type Responses,
  type ResponseTo,
  type SymbolizationRequest,
  type UnwindTableAnswer,
  unnamedKernelFunction,
} from './protocol.ts';
import { RemoteFiles } from './remote-files.ts';

/** For one request about one object: the reader's thread is ended somewhat later (symbolization-client.ts). */
const MAX_MS = 8000;
/** How much of what was read is held: objects, bytes of their tables, and how long a table that nobody asks for. */
interface HeldSymbols {
  readonly objects: number;
  readonly bytes: number;
  readonly unusedMs: number;
  /** Tables of as many bytes are read by parts. */
  readonly partedFromBytes?: number;
}

/** A host under builds executes more files in a minute; a browser with all of its names has 400 MB, and is kept alone. */
const HELD: HeldSymbols = { objects: 256, bytes: 256 * 1024 * 1024, unusedMs: 60_000 };
/** What is sampled for hours, as libraries. A table is as quickly had from the disk. */
const HELD_FEW: HeldSymbols = {
  ...{ objects: 64, bytes: 16 * 1024 * 1024, unusedMs: 30_000 },
  partedFromBytes: 512 * 1024,
};

export class SymbolizationServer implements Disposable {
  readonly #tables: TableStore | undefined;
  readonly #symbols: SymbolCache;
  readonly #lines: boolean;
  readonly #interpreters: KnownInterpreters | undefined;
  readonly #named: LoadedObjects;
  readonly #remote: RemoteFiles;
  readonly #kernel: LiveKernelSymbols;

  /** @param descriptors where its thread writes down what it opens, if it does */
  constructor(config: ReaderConfig, descriptors?: DescriptorLedger) {
    const { cacheDirectory, lines, interpreters = false, holdsLittle = false } = config;
    this.#lines = lines;
    this.#interpreters = interpreters
      ? new KnownInterpreters(config.describedInterpreters)
      : undefined;
    const held = holdsLittle ? HELD_FEW : HELD;
    this.#named = new LoadedObjects(held.objects, held.bytes, held.unusedMs);
    this.#remote = new RemoteFiles(descriptors);
    this.#kernel = new LiveKernelSymbols(() =>
      cacheDirectory ? readKernelSymbols(cacheDirectory) : KernelSymbols.read(),
    );
    this.#tables = cacheDirectory ? new TableStore(join(cacheDirectory, 'unwind')) : undefined;
    this.#symbols = new SymbolCache(
      cacheDirectory
        ? {
            disk: new DiskSymbolCache(cacheDirectory, { partedFromBytes: held.partedFromBytes }),
            maxBytes: held.bytes,
            maxUnusedMs: held.unusedMs,
          }
        : { maxBytes: held.bytes },
    );
  }

  /** @throws NodeJS.ErrnoException when a file cannot be read. */
  answer<Q extends SymbolizationRequest>(request: Q): ResponseTo<Q>;
  answer(request: SymbolizationRequest): Responses[keyof Responses] {
    switch (request.kind) {
      case 'unwind-table':
        return this.#unwindTable(request.object);
      case 'functions':
        return this.#functions(request.object, request.places);
      case 'kernel-functions':
        return { functions: this.#kernelFunctions(request.places) };
      case 'perf-map':
        return { scanned: scanPerfMap(request.fd, request.scan) };
    }
  }

  /** To be called now and then: lets go of what nobody has asked for in a while. */
  dropUnused(): void {
    this.#named.dropUnused();
    this.#symbols.dropUnused();
  }

  [Symbol.dispose](): void {
    this.#named[Symbol.dispose]();
    this.#kernel.close();
    this.#remote[Symbol.dispose]();
  }

  #unwindTable(object: ObjectFile): UnwindTableAnswer {
    const before = localState(object);
    const budget = new ReadBudget({ ms: MAX_MS });
    const { table, interpreter } = this.#readUnwindTable(object, budget);
    const changed = localState(object) !== before;
    if (changed) return { table: undefined, changed };
    return {
      table,
      changed,
      interpreter,
      ...leftOf(this.#leftOf(object, budget)),
    };
  }

  #readUnwindTable(object: ObjectFile, budget: ReadBudget): ReadTable {
    try {
      using elf = this.#elfOf(object, budget);
      if (elf === undefined) return NO_TABLE;
      const { table } = this.#tables?.tableOf(elf) ?? buildUnwindTable(elf);
      const bytes = table.rowCount === 0 ? undefined : ownBytes(table.bytes);
      return { table: bytes, interpreter: interpreterIn(elf, this.#interpreters) };
    } catch (error) {
      // Not an ELF file, a damaged one, or more than is read: its frames go by frame pointers.
      if (error instanceof UnwindError && error.code === 'too-large') budget.refuse(error.message);
      if (error instanceof ElfError || error instanceof UnwindError) return NO_TABLE;
      if (this.#remote.isSilent(object)) return NO_TABLE;
      throw error;
    }
  }

  #elfOf(object: ObjectFile, budget: ReadBudget): ElfImage | undefined {
    const { path, fd, remote } = object;
    if (path === VDSO) return readVdso();
    if (remote !== undefined) return ElfImage.from(this.#remote.open(object, budget));
    return ElfImage.open(`/proc/self/fd/${fd}`, { budget });
  }

  #leftOf(object: ObjectFile, budget: ReadBudget): LeftOut | undefined {
    if (this.#remote.isSilent(object)) return 'unanswered';
    return budget.exceeded ? 'too-large' : undefined;
  }

  #functions(object: ObjectFile, wanted: readonly CodePlace[]): FunctionsResponse {
    const known = this.#load(object);
    const { object: loaded, places } = known ?? {};
    const left = leftOf(known?.left);
    if (known === undefined || loaded === undefined || places === undefined)
      return { functions: wanted.map(() => undefined), ...left };
    const functions = wanted.map(({ offset, isReturn }) => {
      const address = loaded.vaddrOfFileOffset(offset);
      if (address === undefined) return undefined;
      const back = isReturn ? 1 : 0;
      const at = address - back;
      const place = places.at(offset - back);
      const hit = loaded.lookup(at);
      if (hit === undefined) {
        known.bounds ??= this.#boundsOf(object);
        return { functionOffset: known.bounds.startOf(offset - back), ...place };
      }
      const name = demangle(hit.name);
      const own: ProfileFrame = { name, kind: 'user', object: object.path, ...place };
      return inlinedFrames(own, loaded.lines?.(at));
    });
    // Lines were read since, and may have been inflated.
    this.#named.trim();
    return { functions, ...left };
  }

  #boundsOf(object: ObjectFile): FunctionBounds {
    const budget = new ReadBudget({ ms: MAX_MS });
    try {
      using elf = this.#elfOf(object, budget);
      return elf === undefined ? FunctionBounds.empty() : FunctionBounds.fromElf(elf);
    } catch (error) {
      // Damaged, of another machine, or not to be read any more: its addresses stand for themselves.
      if (isUnreadable(error) || error instanceof UnwindError) return FunctionBounds.empty();
      throw error;
    }
  }

  #kernelFunctions(places: readonly KernelPlace[]): ProfileFrame[] {
    return places.map(({ address, isReturn }) => {
      const at = isReturn ? address - 1n : address;
      const hit = this.#kernel.lookup(at);
      if (hit === undefined) return unnamedKernelFunction({ address, isReturn });
      const { name, module } = hit;
      return { name, kind: 'kernel', ...(module ? { object: module } : {}), address: at };
    });
  }

  #load(object: ObjectFile): Known | undefined {
    if (!holdsItsContent(object)) return undefined;
    const known = this.#named.get(object.key);
    if (known !== undefined) {
      known.budget.renew();
      return known;
    }
    const budget = new ReadBudget({ ms: MAX_MS });
    const loaded = this.#open(object, budget);
    const left = this.#leftOf(object, budget);
    // Written to while it was read.
    if (!holdsItsContent(object)) {
      loaded?.close?.();
      return undefined;
    }
    return this.#named.set(object.key, loaded, { budget, left });
  }

  #open(object: ObjectFile, budget: ReadBudget): LoadedObject | undefined {
    const { fd, path, remote } = object;
    try {
      if (path === VDSO) return vdso();
      if (fd === undefined) return undefined;
      const options = { path, cache: this.#symbols, budget };
      // Lines are read later, one by one.
      if (remote !== undefined)
        return ObjectSymbols.from(this.#remote.open(object, budget), options);
      return this.#lines ? openWithLines(fd, options) : ObjectSymbols.open(fd, options);
    } catch (error) {
      // Not an ELF file, one that lies about itself, or one that cannot be read: its frames keep their
      // offsets, and all others their names.
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}

type ReadTable = Pick<UnwindTableAnswer, 'table'> & {
  readonly interpreter: InterpreterDescription | UnknownInterpreter | undefined;
};

const NO_TABLE: ReadTable = { table: undefined, interpreter: undefined };

/** Damage that its table did without costs interpreted frames alone. */
function interpreterIn(
  elf: ElfImage,
  interpreters: KnownInterpreters | undefined,
): ReadTable['interpreter'] {
  try {
    return interpreters?.recognise(elf);
  } catch (error) {
    if (error instanceof ElfError || error instanceof UnwindError) return undefined;
    throw error;
  }
}

/** Of a file that is asked here; who reads the others compares. */
function localState({ fd, remote }: ObjectFile): string | undefined {
  return fd === undefined || remote !== undefined ? undefined : stateOf(fd);
}

function leftOf(left: LeftOut | undefined): { readonly left?: LeftOut } {
  return left === undefined ? {} : { left };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof ElfError || isSystemError(error);
}

/** Ours: the kernel gives every process of this architecture the same. */
function vdso(): LoadedObject | undefined {
  const image = readVdso();
  if (image === undefined) return undefined;
  const table = SymbolTable.fromElf(image);
  return {
    buildId: image.buildId,
    textStart: undefined,
    segmentOfFileOffset: (offset) => image.segmentOfFileOffset(offset),
    vaddrOfFileOffset: (offset) => image.vaddrOfFileOffset(offset),
    lookup: (vaddr) => table.lookup(vaddr),
    byteLength: table.byteLength,
  };
}

/** A buffer of these bytes alone, to be handed to another thread: a stored table has a header too. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, byteLength);
  return Uint8Array.from(bytes);
}
