/**
 * What the profiler asks about objects, and what it is told: plain data, because request and answer
 * cross a thread. Only the requests of symbolization-client.ts are ever sent.
 */

import type { ProfileFrame } from '@waggle/formats';
import type { PerfMapScan, ScannedPerfMap } from '@waggle/symbols';
import type { LeftOut } from '../frames/unresolved-frame.ts';
import type { FrameListInterpreter } from '../interpreters/frame-list/description.ts';
import type { InterpreterDescription, UnknownInterpreter } from '../interpreters/interpreter.ts';
import type { AddressFields } from '../mappings/code-places.ts';
import type { ObjectFile } from '../mappings/object-file.ts';

/** How objects are read; the same for the life of a reader. */
export interface ReaderConfig {
  /** Where tables are kept for the next session; nowhere unless given. */
  readonly cacheDirectory?: string | undefined;
  /** Source lines and inlined functions too. */
  readonly lines: boolean;
  /** Whether files are looked at for interpreters. Default: no. */
  readonly interpreters?: boolean | undefined;
  /** Those that plugins describe. */
  readonly describedInterpreters?: readonly FrameListInterpreter[] | undefined;
  /** For months beside others, who go first. Default: no. */
  readonly thrifty?: boolean | undefined;
  /** Tables of few objects are held, and the others are read again. Default: no. */
  readonly holdsLittle?: boolean | undefined;
}

/** An instruction of an object. */
export interface CodePlace {
  /** In the object's file. */
  readonly offset: number;
  /** The address is behind a call, which may have been a function's last instruction. */
  readonly isReturn: boolean;
}

export interface KernelPlace {
  readonly address: bigint;
  readonly isReturn: boolean;
}

export type SymbolizationRequest =
  | { readonly kind: 'unwind-table'; readonly object: ObjectFile }
  | {
      readonly kind: 'functions';
      readonly object: ObjectFile;
      readonly places: readonly CodePlace[];
    }
  | { readonly kind: 'kernel-functions'; readonly places: readonly KernelPlace[] }
  | { readonly kind: 'perf-map'; readonly fd: number; readonly scan: PerfMapScan };

export interface UnwindTableAnswer {
  readonly left?: LeftOut;
  /** Blocks of packages/unwind's format; undefined for an object without call frame information. */
  readonly table: Uint8Array<ArrayBuffer> | undefined;
  /** What the file holds besides: nearly always nothing. */
  readonly interpreter?: InterpreterDescription | UnknownInterpreter | undefined;
  /** The file was written to while it was read: the answer says nothing. */
  readonly changed: boolean;
}

/** Code that the object has no name for. */
export interface UnnamedCode extends AddressFields {
  /** Where its function begins in the file; undefined where nothing tells. */
  readonly functionOffset: number | undefined;
}

/**
 * For each place its functions, root first: the code's own and those inlined there. Undefined where
 * the object cannot be read.
 */
export interface FunctionsResponse {
  /** It was being read when its time was over, not only waiting for others. */
  readonly isSlow?: true;
  /** Then some of what has no name might have one. */
  readonly left?: LeftOut;
  readonly functions: readonly (readonly ProfileFrame[] | UnnamedCode | undefined)[];
}

interface KernelFunctionsAnswer {
  readonly functions: readonly ProfileFrame[];
}

interface PerfMapAnswer {
  /** Undefined where it was left out. */
  readonly scanned: ScannedPerfMap | undefined;
}

export interface Responses {
  readonly 'unwind-table': UnwindTableAnswer;
  readonly functions: FunctionsResponse;
  readonly 'kernel-functions': KernelFunctionsAnswer;
  readonly 'perf-map': PerfMapAnswer;
}

export type ResponseTo<Q extends SymbolizationRequest> = Responses[Q['kind']];

/** What is said of that which is not read. */
export function leftOut<Q extends SymbolizationRequest>(request: Q, left: LeftOut): ResponseTo<Q>;
export function leftOut(request: SymbolizationRequest, left: LeftOut): Responses[keyof Responses] {
  switch (request.kind) {
    case 'unwind-table':
      return { table: undefined, changed: false, left };
    case 'functions':
      return { functions: request.places.map(() => undefined), left };
    case 'kernel-functions':
      return { functions: request.places.map(unnamedKernelFunction) };
    case 'perf-map':
      return { scanned: undefined };
  }
}

/** All of it that is known of kernel code without symbols. */
export function unnamedKernelFunction({ address, isReturn }: KernelPlace): ProfileFrame {
  const name = `[kernel+0x${address.toString(16)}]`;
  return { name, kind: 'kernel', address: isReturn ? address - 1n : address };
}

/** To the thread. */
export type ClientMessage =
  | {
      readonly type: 'start';
      readonly config: ReaderConfig;
      /** Memory of the ledger of what it opens: undefined where the runtime closes that with the thread. */
      readonly descriptors: SharedArrayBuffer | undefined;
    }
  | { readonly type: 'ask'; readonly id: number; readonly request: SymbolizationRequest }
  | { readonly type: 'end' };

/**
 * From the thread: its number, 0 where it cannot know it; which request it is at; its answer, or what went
 * wrong in words.
 */
export type ServerMessage =
  | { readonly thread: number }
  | { readonly begun: number }
  | { readonly id: number; readonly answer: Responses[keyof Responses] }
  | { readonly id: number; readonly failure: string };
