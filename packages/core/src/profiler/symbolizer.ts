// Frames to names: those of objects, of code that a runtime generated, and of the kernel. What has
// no name shows where it is. Tables are read when a first frame asks for them, so a profile costs
// what it contains.

import type { ProfileFrame } from '@waggle/formats';
import type { KernelSymbols, SymbolCache } from '@waggle/symbols';
import type { Frame } from './frame-table.ts';
import type { ObjectFile } from './object-files.ts';
import { ObjectNames, type SourceLine } from './symbols/object-names.ts';

export interface SymbolizerOptions {
  /** Also places in the source, and inlined functions as frames of their own. Default: false. */
  readonly lines?: boolean;
}

/** A frame with what is known of it; its name is the function's alone. */
export interface NamedFrame extends ProfileFrame {
  readonly source?: SourceLine;
}

/** Stands for the object of generated code. */
const JIT = '[jit]';

export class Symbolizer implements Disposable {
  private readonly objects: ObjectNames;
  private kernel: KernelSymbols | undefined;

  /** @param readKernelSymbols called when the first kernel frame is named. */
  constructor(
    private readonly readKernelSymbols: () => KernelSymbols,
    cache: SymbolCache,
    options: SymbolizerOptions = {},
  ) {
    this.objects = new ObjectNames({ cache, lines: options.lines ?? false });
  }

  /** The function that the code of a frame belongs to, whatever was inlined there. */
  name(frame: Frame): ProfileFrame {
    return this.frames(frame)[0] ?? UNKNOWN;
  }

  /** At least one; more, root first, where functions were inlined and lines are on. */
  frames(frame: Frame): readonly NamedFrame[] {
    switch (frame.kind) {
      case 'kernel':
        return [this.kernelFrame(frame.address, frame.isReturn)];
      case 'unmapped':
        return [UNKNOWN];
      case 'jit': {
        const name = frame.name ?? frame.map.lookup(codeAddress(frame))?.name;
        return [name === undefined ? UNKNOWN : { name, kind: 'user', object: JIT }];
      }
      case 'user':
        return this.userFrames(frame.object, frame.offset, frame.isReturn);
    }
  }

  [Symbol.dispose](): void {
    this.objects[Symbol.dispose]();
  }

  private userFrames(object: ObjectFile, offset: number, isReturn: boolean): NamedFrame[] {
    const named = this.objects.at(object, offset, isReturn);
    if (named.length > 0)
      return named.map((code) => ({ ...code, kind: 'user', object: object.path }));
    const name = `[${baseName(object.path)}+0x${offset.toString(16)}]`;
    return [{ name, kind: 'unresolved', object: object.path }];
  }

  private kernelFrame(address: bigint, isReturn: boolean): NamedFrame {
    this.kernel ??= this.readKernelSymbols();
    const hit = this.kernel.lookup(isReturn ? address - 1n : address);
    if (hit === undefined) return { name: `[kernel+0x${address.toString(16)}]`, kind: 'kernel' };
    return { name: hit.name, kind: 'kernel', ...(hit.module ? { object: hit.module } : {}) };
  }
}

const UNKNOWN: NamedFrame = { name: '[unknown]', kind: 'unresolved' };

/** As a profile shows it: `function (file:line)` where the place in the source is known. */
export function withSource({ source, ...frame }: NamedFrame): ProfileFrame {
  if (source === undefined) return frame;
  const file = source.file.slice(source.file.lastIndexOf('/') + 1);
  return { ...frame, name: `${frame.name} (${source.line > 0 ? `${file}:${source.line}` : file})` };
}

/** A return address is behind the call, which may be the function's last instruction. */
function codeAddress({ address, isReturn }: { address: number; isReturn: boolean }): number {
  return isReturn ? address - 1 : address;
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // [vdso] and //anon: the brackets are ours to add.
  return name.replace(/^\[(.*)\]$/, '$1') || 'memory';
}
