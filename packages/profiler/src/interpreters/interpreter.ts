/**
 * What an interpreter is to the profiler: how a file that holds one is known, and what the kernel has to be told to
 * walk its frames. One folder each; index.ts has the list. docs/adr/0032-interpreters.md says why it is so.
 */

import type { ElfImage } from '@waggle/symbols';

/** File offsets [start, end). */
export interface CodeRange {
  readonly start: number;
  readonly end: number;
}

/** A file that holds an interpreter whose frames can be walked. Plain data: it crosses a thread. */
export interface InterpreterDescription {
  /** For people, with its version: `CPython 3.11`. */
  readonly name: string;
  /** What stands for the object of its functions: `[python]`. */
  readonly object: string;
  /** Code of its evaluation loop: a frame there stands for the interpreted frames that it runs. */
  readonly evaluation: readonly CodeRange[];
  /** `struct interpreter` of the BPF programs, without flags and ranges. */
  readonly bytes: Uint8Array;
  /** How its line tables are read: a key of LINE_TABLES (index.ts). */
  readonly lineTable: string;
  /** How a function and what it is one of are one name: a key of NAMINGS. Not for those that have one name. */
  readonly naming?: string;
}

/** A file that holds an interpreter, of a kind or version whose frames are not known. */
export interface UnknownInterpreter {
  /** For people: what it is, and why it is not walked. */
  readonly unknown: string;
}

export interface Interpreter {
  readonly name: string;
  /**
   * What files that hold one are called as a rule, without their folders: these are looked at as soon as they are
   * mapped, others when a sample meets them.
   */
  readonly fileNames: RegExp;
  /**
   * Undefined for a file that holds none of this kind: most do not, so that has to be found out cheaply.
   * @throws ElfError for a damaged file.
   */
  readonly recognise: (elf: ElfImage) => InterpreterDescription | UnknownInterpreter | undefined;
  /**
   * Whether it generates code that is walked by what it knows of it. A process that runs already is told to the kernel by
   * its mappings: a stack may meet such code before anything of the file.
   */
  readonly generates?: boolean;
}

/** One name of a function and of what it is one of: a class. */
export type Naming = (owner: string, name: string) => string;

/** The line of an instruction, whose number is in the interpreter's own unit; undefined where it has none. */
export type LineOf = (
  table: Uint8Array,
  firstLine: number,
  instruction: number,
) => number | undefined;
