/**
 * The interpreters that the kernel knows of: a file has a number there, by which its object leads to it. Files are
 * told apart by their state, as their unwind tables are; a number is never given to another one.
 */

import { interpreter, interpreterBounds, interpreterFlags, interpreterPlace } from '@waggle/bpf';
import type { BpfMap } from '@waggle/ffi';
import { type AddressSpaceKey, addressSpaceBytes } from '../mappings/address-space-key.ts';
import type { SamplerMaps } from '../profiler-kernel.ts';
import type { InterpreterDescription, UnknownInterpreter } from './interpreter.ts';

/** How frames are wanted. */
interface InterpretedFrames {
  /** The interpreter's own frames, too. */
  readonly native: boolean;
  /** The line that each frame is at. */
  readonly lines: boolean;
}

const RANGE_BYTES = 16;

export class InstalledInterpreters {
  readonly #map: BpfMap;
  readonly #places: BpfMap;
  readonly #generators: BpfMap;
  readonly #flags: number;
  /** By state of a file. */
  readonly #numbers = new Map<string, number>();
  readonly #descriptions: InterpreterDescription[] = [];
  readonly #unknown = new Set<string>();

  constructor(map: SamplerMaps, { native, lines }: InterpretedFrames) {
    this.#map = map('interpreters');
    this.#places = map('interpreted_spaces');
    this.#generators = map('generating_spaces');
    this.#flags =
      (native ? interpreterFlags.INTERPRETER_SHOWN : 0) |
      (lines ? interpreterFlags.INTERPRETER_LINES : 0);
  }

  /** Of kinds or versions that are not walked, in words. */
  get unknown(): readonly string[] {
    return [...this.#unknown];
  }

  /** The interpreter that has this number. */
  byNumber(number: number): InterpreterDescription | undefined {
    return this.#descriptions[number - 1];
  }

  /** What a file in this state holds. */
  of(state: string): InterpreterDescription | undefined {
    const number = this.#numbers.get(state);
    return number === undefined ? undefined : this.byNumber(number);
  }

  /** The number of what a file in this state holds; 0: it holds none, or none that can be walked. */
  numberOf(state: string): number {
    return this.#numbers.get(state) ?? 0;
  }

  /**
   * Tells the kernel which interpreter a process runs, as it would find out itself.
   * @param base where the first byte of its file is mapped, or would be
   */
  place(space: AddressSpaceKey, base: number, number: number): void {
    this.#places.set(addressSpaceBytes(space), placeBytes(base, number));
  }

  /** The same for an interpreter that says where its generated code is. */
  placeGenerator(space: AddressSpaceKey, base: number, number: number): void {
    this.#generators.set(addressSpaceBytes(space), placeBytes(base, number));
  }

  /** Tells the kernel what a file in this state holds. */
  install(state: string, found: InterpreterDescription | UnknownInterpreter): void {
    if ('unknown' in found) {
      this.#unknown.add(found.unknown);
      return;
    }
    const number = this.#descriptions.length + 1;
    if (this.#numbers.has(state) || number >= interpreterBounds.INTERPRETERS_MAX) return;
    const bytes = found.bytes.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(interpreter.offset.flags, this.#flags, true);
    found.evaluation.forEach(({ start, end }, index) => {
      const at = interpreter.offset.evaluation + RANGE_BYTES * index;
      view.setBigUint64(at, BigInt(start), true);
      view.setBigUint64(at + 8, BigInt(end), true);
    });
    this.#map.set(new Uint8Array(Uint32Array.of(number).buffer), bytes);
    this.#descriptions.push(found);
    this.#numbers.set(state, number);
  }
}

function placeBytes(base: number, number: number): Uint8Array {
  const place = new DataView(new ArrayBuffer(interpreterPlace.size));
  place.setBigInt64(interpreterPlace.offset.base, BigInt(base), true);
  place.setUint32(interpreterPlace.offset.interpreter, number, true);
  return new Uint8Array(place.buffer);
}
