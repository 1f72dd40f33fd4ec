/**
 * The LZMA decoder: a range coder over adaptive bit models, literals and matches. One object holds
 * the state that goes on from chunk to chunk of LZMA2. Layout of models and the state machine: the
 * LZMA specification in the LZMA SDK (public domain), and the .xz format for what LZMA2 resets.
 */
import { XzError } from './error.ts';
import type { Output } from './output.ts';

const STATES = 12;
const FIRST_REP_STATE = 7;
const POSITIONS = 16;
const HALF = 1024;
const TOP = 0x100_0000;

// Where each group of models begins in the one array that holds them.
const IS_MATCH = 0;
const IS_REP = IS_MATCH + STATES * POSITIONS;
const IS_REP0 = IS_REP + STATES;
const IS_REP1 = IS_REP0 + STATES;
const IS_REP2 = IS_REP1 + STATES;
const IS_REP0_LONG = IS_REP2 + STATES;
const DISTANCE_SLOT = IS_REP0_LONG + STATES * POSITIONS;
const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64;
const DISTANCE_ALIGN = DISTANCE_SPECIAL + 128;
const MATCH_LENGTH = DISTANCE_ALIGN + 16;
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POSITIONS * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POSITIONS * 8;
const LENGTH_SIZE = LENGTH_HIGH + 256;
const REP_LENGTH = MATCH_LENGTH + LENGTH_SIZE;
const LITERAL = REP_LENGTH + LENGTH_SIZE;
/** LZMA2 allows lc + lp of at most 4. */
const MODELS = LITERAL + (0x300 << 4);

export class LzmaDecoder {
  readonly #output: Output;
  readonly #models = new Uint16Array(MODELS);
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  #range = 0;
  #code = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** @throws `XzError('damaged')` for a byte that names no valid lc, lp and pb */
  setProperties(properties: number): void {
    const lc = properties % 9;
    const rest = Math.floor(properties / 9);
    const lp = rest % 5;
    const pb = Math.floor(rest / 5);
    if (pb > 4 || lc + lp > 4) throw new XzError('damaged', `LZMA properties ${properties}`);
    this.#literalContextBits = lc;
    this.#literalPositionMask = (1 << lp) - 1;
    this.#positionMask = (1 << pb) - 1;
  }

  reset(): void {
    this.#models.fill(HALF);
    this.#state = 0;
    this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
  }

  /**
   * Decodes one chunk: all of `input` into exactly `size` bytes more of the output. Matches reach
   * back to `dictionaryStart` at most.
   * @throws `XzError` for anything else
   */
  decode(input: Uint8Array, size: number, dictionaryStart: number): void {
    if (input.length < 5 || input[0] !== 0) throw new XzError('damaged', 'bad LZMA chunk');
    const output = this.#output;
    output.reserve(size);
    this.#input = input;
    this.#range = 0xffff_ffff;
    this.#code = new DataView(input.buffer, input.byteOffset).getUint32(1);
    this.#at = 5;
    const end = output.length + size;
    while (output.length < end) this.#decodeSymbol(output, end, dictionaryStart);
    this.#normalize();
    if (this.#at !== input.length || this.#code !== 0) {
      throw new XzError('damaged', 'an LZMA chunk does not end where it says');
    }
  }

  #decodeSymbol(output: Output, end: number, dictionaryStart: number): void {
    const state = this.#state;
    // Positions count from the start of the dictionary, which is the last reset.
    const position = output.length - dictionaryStart;
    const positionState = position & this.#positionMask;
    if (this.#bit(IS_MATCH + state * POSITIONS + positionState) === 0) {
      this.#literal(output, position, dictionaryStart);
      return;
    }
    let length: number;
    if (this.#bit(IS_REP + state) === 0) {
      this.#rep3 = this.#rep2;
      this.#rep2 = this.#rep1;
      this.#rep1 = this.#rep0;
      length = this.#length(MATCH_LENGTH, positionState);
      this.#state = state < FIRST_REP_STATE ? 7 : 10;
      this.#rep0 = this.#distance(Math.min(length - 2, 3));
    } else if (this.#bit(IS_REP0 + state) === 0) {
      if (this.#bit(IS_REP0_LONG + state * POSITIONS + positionState) === 0) {
        this.#state = state < FIRST_REP_STATE ? 9 : 11;
        length = 1;
      } else {
        length = this.#length(REP_LENGTH, positionState);
        this.#state = state < FIRST_REP_STATE ? 8 : 11;
      }
    } else {
      this.#promoteRep(state);
      length = this.#length(REP_LENGTH, positionState);
      this.#state = state < FIRST_REP_STATE ? 8 : 11;
    }
    this.#copy(output, length, end, dictionaryStart);
  }

  #promoteRep(state: number): void {
    let distance = this.#rep1;
    if (this.#bit(IS_REP1 + state) !== 0) {
      distance = this.#rep2;
      if (this.#bit(IS_REP2 + state) !== 0) {
        distance = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
  }

  #copy(output: Output, length: number, end: number, dictionaryStart: number): void {
    const { bytes } = output;
    const to = output.length;
    const from = to - this.#rep0 - 1;
    if (from < dictionaryStart || to + length > end) {
      throw new XzError('damaged', 'a match lies outside of what was decoded');
    }
    // Byte by byte: source and target overlap in runs.
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i] as number;
    output.length = to + length;
  }

  #literal(output: Output, position: number, dictionaryStart: number): void {
    const { bytes } = output;
    const at = output.length;
    const previous = position > 0 ? (bytes[at - 1] as number) : 0;
    const context =
      ((position & this.#literalPositionMask) << this.#literalContextBits) |
      (previous >>> (8 - this.#literalContextBits));
    const models = LITERAL + 0x300 * context;
    const state = this.#state;
    let symbol = 1;
    if (state >= FIRST_REP_STATE) {
      const from = at - this.#rep0 - 1;
      if (from < dictionaryStart) throw new XzError('damaged', 'a match byte before the start');
      let match = bytes[from] as number;
      do {
        const expected = (match >>> 7) & 1;
        match <<= 1;
        const bit = this.#bit(models + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (expected !== bit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(models + symbol);
    bytes[at] = symbol;
    output.length = at + 1;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #length(models: number, positionState: number): number {
    if (this.#bit(models) === 0) return 2 + this.#tree(models + LENGTH_LOW + positionState * 8, 3);
    if (this.#bit(models + 1) === 0) {
      return 10 + this.#tree(models + LENGTH_MIDDLE + positionState * 8, 3);
    }
    return 18 + this.#tree(models + LENGTH_HIGH, 8);
  }

  #distance(lengthState: number): number {
    const slot = this.#tree(DISTANCE_SLOT + lengthState * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.#reverseTree(DISTANCE_SPECIAL + base - slot, bits);
    return base + this.#direct(bits - 4) * 16 + this.#reverseTree(DISTANCE_ALIGN, 4);
  }

  #tree(models: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(models + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(models: number, bits: number): number {
    let index = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(models + index);
      index = (index << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  /** Bits without a model, each as likely as the other. */
  #direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.#normalize();
      this.#range = this.#range >>> 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
    }
    return value;
  }

  #bit(model: number): 0 | 1 {
    this.#normalize();
    const probability = this.#models[model] as number;
    const bound = (this.#range >>> 11) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      this.#models[model] = probability + ((2048 - probability) >>> 5);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    this.#models[model] = probability - (probability >>> 5);
    return 1;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new XzError('damaged', 'an LZMA chunk is too short');
    this.#range = this.#range * 256;
    // Never more than 32 bits: the code stays below the range.
    this.#code = this.#code * 256 + byte;
  }
}
