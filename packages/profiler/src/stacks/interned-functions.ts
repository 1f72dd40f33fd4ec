/**
 * What named frames are, each once: texts, and numbers that say which of them belong together. Of a build
 * that executes new files on and on, each file has the same names in another object, so names and objects
 * are kept apart. What a frame has besides name, object and address is one text more.
 */

import type { ProfileFrame, ProfileMapping } from '@waggle/formats';
import type { Functions } from '../symbolization/symbolizer.ts';
import { NumberTuples } from './number-tuples.ts';

type OtherFields = Omit<ProfileFrame, 'name' | 'object' | 'address' | 'mapping'>;

export interface FunctionLimits {
  /** Frames that are told apart, by their addresses too. */
  readonly maxPlaces: number;
  /** Bytes of all texts. */
  readonly maxTextBytes: number;
}

/** Of a Map's entry and the string itself, besides its characters. */
const TEXT_OVERHEAD = 64;
/** No text, and no frame more in a row of inlined ones. */
const NONE = 0;
/** No address: no user's and no kernel's has these upper bits. */
const NO_ADDRESS = 0x8000_0000;

export class InternedFunctions {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [''];
  /** By their text's number, as far as they were asked for. */
  readonly #others = new Map<number, OtherFields>();
  /** Of memory, of all texts. */
  textBytes = 0;
  /** Name, object, everything else but the address. */
  readonly #frames = new NumberTuples(3);
  /** Frame, mapping, the rest of what was inlined there: a row's number and one more, or NONE. */
  readonly #chains = new NumberTuples(3);
  /** Chain, and its first frame's address in two halves. */
  readonly #places = new NumberTuples(3);

  readonly #limits: FunctionLimits;

  constructor(limits: FunctionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Of memory. */
  get byteLength(): number {
    const frames = this.#frames;
    const chains = this.#chains;
    const places = this.#places;
    return this.textBytes + frames.byteLength + chains.byteLength + places.byteLength;
  }

  get isFull(): boolean {
    const { maxPlaces, maxTextBytes } = this.#limits;
    return this.#places.size >= maxPlaces || this.textBytes >= maxTextBytes;
  }

  /** The number of a frame; undefined when it is new and there is no room. @param always even then */
  number(functions: Functions, always = false): number | undefined {
    const canAdd = always || !this.isFull;
    let rest = NONE;
    for (let index = functions.length - 1; index >= 0; index--) {
      const frame = this.#frame(functions[index] as ProfileFrame, canAdd);
      const mapping = this.#text(mappingText(functions[index]?.mapping), canAdd);
      if (frame === undefined || mapping === undefined) return undefined;
      const chain = row(this.#chains, canAdd, frame, mapping, rest);
      if (chain === undefined) return undefined;
      rest = chain + 1;
    }
    const address = functions[0]?.address;
    const high = address === undefined ? NO_ADDRESS : Number((address >> 32n) & 0xffff_ffffn);
    const low = address === undefined ? 0 : Number(address & 0xffff_ffffn);
    return row(this.#places, canAdd, rest, high, low);
  }

  /** The frame of a number. */
  functions(place: number): Functions {
    const high = this.#places.at(place, 1);
    const found: ProfileFrame[] = [];
    for (let rest = this.#places.at(place, 0); rest !== NONE; rest = this.#chains.at(rest - 1, 2))
      found.push(this.#frameOf(rest - 1));
    const [own, ...inlined] = found;
    if (own === undefined || high === NO_ADDRESS) return found;
    const address = (BigInt(high) << 32n) | BigInt(this.#places.at(place, 2));
    return [{ ...own, address }, ...inlined];
  }

  #frame(frame: ProfileFrame, canAdd: boolean): number | undefined {
    const { name, object, address: _address, mapping: _mapping, ...others } = frame;
    const nameNumber = this.#text(name, canAdd);
    const objectNumber = object === undefined ? NONE : this.#text(`o${object}`, canAdd);
    const othersNumber = this.#text(JSON.stringify(others), canAdd);
    if (nameNumber === undefined || objectNumber === undefined || othersNumber === undefined)
      return undefined;
    return row(this.#frames, canAdd, nameNumber, objectNumber, othersNumber);
  }

  #frameOf(chain: number): ProfileFrame {
    const frame = this.#chains.at(chain, 0);
    const object = this.#frames.at(frame, 1);
    const mapping = this.#chains.at(chain, 1);
    return {
      name: this.#textAt(this.#frames.at(frame, 0)),
      ...this.#othersAt(this.#frames.at(frame, 2)),
      ...(object === NONE ? {} : { object: this.#textAt(object).slice(1) }),
      ...(mapping === NONE ? {} : { mapping: mappingOf(this.#textAt(mapping)) }),
    };
  }

  #othersAt(number: number): OtherFields {
    const known = this.#others.get(number);
    if (known !== undefined) return known;
    const others = JSON.parse(this.#textAt(number)) as OtherFields;
    this.#others.set(number, others);
    return others;
  }

  #text(text: string, canAdd: boolean): number | undefined {
    if (text === '') return NONE;
    const known = this.#numbers.get(text);
    if (known !== undefined || !canAdd) return known;
    const number = this.#texts.push(text) - 1;
    this.#numbers.set(text, number);
    this.textBytes += text.length + TEXT_OVERHEAD;
    return number;
  }

  #textAt(number: number): string {
    return this.#texts[number] ?? '';
  }
}

function row(
  tuples: NumberTuples,
  canAdd: boolean,
  a: number,
  b: number,
  c: number,
): number | undefined {
  return canAdd ? tuples.add(a, b, c) : tuples.find(a, b, c);
}

function mappingText(mapping: ProfileMapping | undefined): string {
  if (mapping === undefined) return '';
  const { start, limit, fileOffset, buildId } = mapping;
  return [start, limit, fileOffset, ...(buildId === undefined ? [] : [buildId])].join(' ');
}

function mappingOf(text: string): ProfileMapping {
  const [start = '', limit = '', fileOffset = '', buildId] = text.split(' ');
  return {
    start: BigInt(start),
    limit: BigInt(limit),
    fileOffset: BigInt(fileOffset),
    buildId,
  };
}
