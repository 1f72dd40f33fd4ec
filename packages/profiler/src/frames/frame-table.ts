/**
 * Frames as (object, file offset), interned to small numbers: what stays of an address once its
 * mapping is known. Names come later, one look-up per distinct frame.
 */

import type { ProfileFrame } from '@waggle/formats';
import type { InterpretedCode } from '../interpreters/code-names.ts';
import type { JitImage } from '../mappings/jit-image.ts';
import type { ObjectFile } from '../mappings/object-file.ts';

export type Frame =
  | {
      readonly kind: 'user';
      readonly object: ObjectFile;
      readonly offset: number;
      readonly isReturn: boolean;
      /** What a signal handler returns to: it asks the kernel to go back. */
      readonly isSignalReturn: boolean;
    }
  | { readonly kind: 'kernel'; readonly address: bigint; readonly isReturn: boolean }
  | {
      /** In memory without a file, or, where `isMapped` is false, in none that we were told of. */
      readonly kind: 'jit';
      readonly code: JitImage;
      readonly address: number;
      /** CLOCK_MONOTONIC in ns: of the first sample that had it. */
      readonly time: number;
      /** What it was called then, if that is certain already. */
      readonly name: string | undefined;
      readonly isReturn: boolean;
      readonly isMapped: boolean;
      /** The memory was there when the process was forked. */
      readonly isInherited: boolean;
    }
  /** Of a script: it was named when it was first seen. `line` of the place, else of the function. */
  | {
      readonly kind: 'interpreted';
      readonly code: InterpretedCode;
      readonly line: number | undefined;
      readonly isInlined: boolean;
    }
  /** Interpreted, and not named: nothing was handed over. */
  | { readonly kind: 'uninterpreted' }
  /** Whose functions were looked up already. */
  | { readonly kind: 'named'; readonly functions: readonly ProfileFrame[] }
  | { readonly kind: 'unmapped'; readonly address: number }
  /** Stands for callers that were too far away. */
  | { readonly kind: 'truncated' }
  /** Of no code: what a thread was doing, or that nobody knows its stack. */
  | { readonly kind: 'synthetic'; readonly name: string };

/**
 * Code is moved and replaced: an address that has no name yet is another one after so long. Less than
 * the time between two drains, or what two of them have would be one.
 */
const FIRST_SPAN_NS = 100e6;
/** After so many of them, times are told apart half as finely: a day's would not fit into memory. */
const FRAMES_UNTIL_WIDER = 10_000;

/** The kernel's code, which is most of many stacks, by its address; everything else by a text. */
type FrameKey = string | number;

/** Kernel addresses are told apart by these. */
const ADDRESS_BITS = 48;

export class FrameTable {
  #spanNs = FIRST_SPAN_NS;
  #unnamed = 0;
  readonly #ids = new Map<FrameKey, number>();
  readonly #list: Frame[] = [];
  /** By number; undefined for what comes again under another one. */
  readonly #keys: (FrameKey | undefined)[] = [];

  get frames(): readonly Frame[] {
    return this.#list;
  }

  id(frame: Frame): number {
    const key = keyOf(frame, this.#spanNs);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (frame.kind === 'jit' && frame.name === undefined) this.#countUnnamed();
    return this.#add(frame, key);
  }

  /** The same number stands for this from now on. */
  replace(id: number, frame: Frame): void {
    this.#list[id] = frame;
  }

  /** As replace(), and a frame that comes again gets another number. */
  retire(id: number, frame: Frame): void {
    const key = this.#keys[id];
    if (key !== undefined) this.#ids.delete(key);
    this.#keys[id] = undefined;
    this.#list[id] = frame;
  }

  /** Takes over a frame of another table. */
  adopt(id: number, from: FrameTable): number | undefined {
    const frame = from.#list[id];
    if (frame === undefined) return undefined;
    // More may be known of it by now.
    if (frame.kind === 'jit') return this.id(frame);
    return this.#add(frame, from.#keys[id]);
  }

  #add(frame: Frame, key: FrameKey | undefined): number {
    const id = this.#list.push(frame) - 1;
    this.#keys.push(key);
    if (key !== undefined) this.#ids.set(key, id);
    return id;
  }

  #countUnnamed(): void {
    if (++this.#unnamed % FRAMES_UNTIL_WIDER === 0) this.#spanNs *= 2;
  }
}

function keyOf(frame: Frame, spanNs: number): FrameKey {
  switch (frame.kind) {
    case 'user':
      return `u${frame.isSignalReturn ? 2 : frame.isReturn ? 1 : 0}${frame.offset} ${frame.object.key}`;
    case 'kernel':
      return 2 * Number(BigInt.asUintN(ADDRESS_BITS, frame.address)) + (frame.isReturn ? 1 : 0);
    case 'jit':
      if (frame.name !== undefined) return `J${frame.name}`;
      return `j${frame.isReturn ? 1 : 0}${frame.address} ${frame.code.spanOf(frame, spanNs)} ${frame.code.key}`;
    case 'interpreted':
      return `i${frame.isInlined ? 'i' : ''}${frame.line ?? 0} ${frame.code.object} ${frame.code.file}\0${frame.code.name}`;
    case 'uninterpreted':
      return 'i';
    case 'named':
      return 'n';
    case 'unmapped':
      return `?${frame.address}`;
    case 'truncated':
      return '...';
    case 'synthetic':
      return `s${frame.name}`;
  }
}
