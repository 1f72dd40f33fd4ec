// Frames to functions: by object, from its own tables, its mini-debuginfo, its separate debug file and
// its PLT; the perf map for generated code; kallsyms for the kernel. C++ and Rust names are demangled. Tables are read when a
// first frame asks for them, so a profile costs what it contains. With lines, one frame is several
// functions where some were inlined.

import type { ProfileFrame } from '@waggle/formats';
import {
  demangle,
  ElfError,
  type KernelSymbols,
  ObjectSymbols,
  readVdso,
  type SourceLocation,
  type SymbolCache,
  type SymbolHit,
  SymbolTable,
} from '@waggle/symbols';
import type { Frame } from './frame-table.ts';
import { holdsItsContent, isGenerated, type ObjectFile, VDSO } from './object-files.ts';
import { openWithLines, sourceFrames } from './source-frames.ts';
import type { UnnamedFrame, UnnamedReason } from './unnamed-frame.ts';

/** What names of an object are looked up by. */
interface NamedObject {
  vaddrOfFileOffset(offset: number): number | undefined;
  lookup(vaddr: number): SymbolHit | undefined;
  lines?(vaddr: number): SourceLocation | undefined;
  close?(): void;
}

type UserFrame = Extract<Frame, { kind: 'user' }>;

/** As both glibc and musl call it on x86_64: sigreturn(2). */
const SIGNAL_RETURN = '__restore_rt';

/** Stands for the object of generated code. */
const JIT = '[jit]';

export class Symbolizer {
  private readonly objects = new Map<string, NamedObject | undefined>();
  private kernel: KernelSymbols | undefined;

  /**
   * @param readKernelSymbols called when the first kernel frame is named.
   * @param lines source places and inlined functions too; close() is needed then.
   */
  constructor(
    private readonly readKernelSymbols: () => KernelSymbols,
    private readonly cache: SymbolCache,
    private readonly lines = false,
  ) {}

  /** The functions of a frame, root first: one, and those inlined where it is. */
  functions(frame: Frame): readonly ProfileFrame[] {
    switch (frame.kind) {
      case 'kernel':
        return [this.kernelFrame(frame.address, frame.isReturn)];
      case 'unmapped':
        return [UNMAPPED];
      case 'jit': {
        const hit = frame.map.lookup(frame.isReturn ? frame.address - 1 : frame.address);
        if (hit === undefined) return [generated(frame.address, 'not-in-perf-map')];
        return [{ name: hit.name, kind: 'user', object: JIT }];
      }
      case 'user':
        return this.userFrames(frame);
    }
  }

  /** Closes what lines were read from. */
  close(): void {
    for (const object of this.objects.values()) object?.close?.();
    this.objects.clear();
  }

  private userFrames({
    object,
    offset,
    isReturn,
    isSignalReturn,
  }: UserFrame): readonly ProfileFrame[] {
    if (isGenerated(object)) return [generated(offset, 'no-perf-map')];
    const loaded = this.load(object);
    const address = loaded?.vaddrOfFileOffset(offset);
    if (loaded !== undefined && address !== undefined) {
      // A return address is behind the call, which may be the function's last instruction.
      const at = isReturn ? address - 1 : address;
      const hit = loaded.lookup(at);
      if (hit !== undefined)
        return sourceFrames(
          { name: demangle(hit.name), kind: 'user', object: object.path },
          loaded.lines?.(at),
        );
    }
    // Local to the C library, and so not in what stripping leaves.
    if (isSignalReturn) return [{ name: SIGNAL_RETURN, kind: 'user', object: object.path }];
    return [unnamed(object, offset)];
  }

  private kernelFrame(address: bigint, isReturn: boolean): ProfileFrame {
    this.kernel ??= this.readKernelSymbols();
    const hit = this.kernel.lookup(isReturn ? address - 1n : address);
    if (hit === undefined) return { name: `[kernel+0x${address.toString(16)}]`, kind: 'kernel' };
    return { name: hit.name, kind: 'kernel', ...(hit.module ? { object: hit.module } : {}) };
  }

  private load(object: ObjectFile): NamedObject | undefined {
    if (!holdsItsContent(object)) return undefined;
    const key = object.key;
    if (this.objects.has(key)) return this.objects.get(key);
    const loaded = read(object, this.cache, this.lines);
    // Written to while it was read.
    if (!holdsItsContent(object)) return undefined;
    this.objects.set(key, loaded);
    return loaded;
  }
}

const UNMAPPED: UnnamedFrame = { name: '[unknown]', kind: 'unresolved', reason: 'unmapped' };

function generated(address: number, reason: UnnamedReason): UnnamedFrame {
  return { name: `[jit+0x${address.toString(16)}]`, kind: 'unresolved', object: JIT, reason };
}

function unnamed(object: ObjectFile, offset: number): UnnamedFrame {
  const { path } = object;
  const name = `[${baseName(path)}+0x${offset.toString(16)}]`;
  return { name, kind: 'unresolved', object: path, reason: reasonOf(object) };
}

function reasonOf(object: ObjectFile): UnnamedReason {
  if (object.missing !== undefined) return object.missing;
  if (!holdsItsContent(object)) return 'changed';
  return object.path === VDSO || object.fd !== undefined ? 'no-symbols' : 'no-file';
}

function read(
  { fd, path }: ObjectFile,
  cache: SymbolCache,
  lines: boolean,
): NamedObject | undefined {
  try {
    if (path === VDSO) return vdso();
    if (fd === undefined) return undefined;
    const options = { path, cache };
    return lines ? openWithLines(fd, options) : ObjectSymbols.open(fd, options);
  } catch (error) {
    // Not an ELF file, or one that lies about itself: its frames keep their offsets.
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** Ours: the kernel gives every process of this architecture the same. */
function vdso(): NamedObject | undefined {
  const image = readVdso();
  if (image === undefined) return undefined;
  const table = SymbolTable.fromElf(image);
  return {
    vaddrOfFileOffset: (offset) => image.vaddrOfFileOffset(offset),
    lookup: (vaddr) => table.lookup(vaddr),
  };
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // [vdso] and //anon: the brackets are ours to add.
  return name.replace(/^\[(.*)\]$/, '$1') || 'memory';
}
