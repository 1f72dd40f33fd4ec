/**
 * What code was called the last times that somebody asked: a live view and a server name the same functions twice a
 * second, and an answer of another thread costs both of them some thirty times what finding it here does. It holds as
 * long as what it was read from is the same: of the kernel its own text, which nothing is loaded into or out of, and
 * of a file one content (object-files.ts), which whoever asks has compared.
 */

import type { ProfileFrame } from '@waggle/formats';
import type { ObjectFile } from '../mappings/object-file.ts';
import { VDSO } from '../mappings/object-files.ts';
import type { CodePlace, FunctionsResponse, KernelPlace } from './protocol.ts';

type Answer = FunctionsResponse['functions'][number];
/** By place, of one object. */
type Answers = Map<number, Answer>;

/** Of each half: those that are asked for again are kept, some 300 bytes each. */
const MAX_ANSWERS = 4096;
/** No object has it. */
const KERNEL = '';
/** Addresses of the kernel are below it, without their upper bits. */
const ADDRESS_BITS = 48;

export class KnownFunctions {
  #newer = new Map<string, Answers>();
  #older = new Map<string, Answers>();
  #size = 0;

  readonly #max: number;

  constructor(max = MAX_ANSWERS) {
    this.#max = max;
  }

  /** Whether anything of an object may be kept here: others read files that may not answer, or that nobody holds. */
  static keeps({ fd, path, remote }: ObjectFile): boolean {
    return remote === undefined && (fd !== undefined || path === VDSO);
  }

  ofKernel(place: KernelPlace): ProfileFrame | undefined {
    return this.#get(KERNEL, kernelKey(place)) as ProfileFrame | undefined;
  }

  /** Of modules and BPF programs nothing is kept: others may be in their place by the next time. */
  addKernel(place: KernelPlace, found: ProfileFrame): void {
    const isText = found.object === undefined && !found.name.startsWith('[');
    if (isText) this.#add(KERNEL, kernelKey(place), found as never);
  }

  /** Undefined where it is not known: the object holds what it held, as whoever asks knows. */
  of({ key }: ObjectFile, place: CodePlace): Answer {
    return this.#get(key, placeKey(place));
  }

  add({ key }: ObjectFile, place: CodePlace, answer: Answer): void {
    if (answer !== undefined) this.#add(key, placeKey(place), answer);
  }

  #get(object: string, place: number): Answer {
    const known = this.#newer.get(object)?.get(place);
    if (known !== undefined) return known;
    const older = this.#older.get(object)?.get(place);
    if (older !== undefined) this.#add(object, place, older);
    return older;
  }

  #add(object: string, place: number, answer: Answer): void {
    if (this.#size >= this.#max) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#size = 0;
    }
    let answers = this.#newer.get(object);
    if (answers === undefined) {
      answers = new Map();
      this.#newer.set(object, answers);
    }
    this.#size++;
    answers.set(place, answer);
  }
}

const kernelKey = ({ address, isReturn }: KernelPlace): number =>
  Number(BigInt.asUintN(ADDRESS_BITS, address)) - (isReturn ? 1 : 0);

const placeKey = ({ offset, isReturn }: CodePlace): number => 2 * offset + (isReturn ? 1 : 0);
