/**
 * The line of a bytecode, in HotSpot's own table of a method: pairs of how far to go, in one byte or as compressed
 * numbers (src/hotspot/share/code/compressedStream.hpp, utilities/unsigned5.hpp).
 */

/** Behind it, in one byte, five bits of bytecodes and three of lines; else it is the end, or numbers follow. */
const END = 0;
const ESCAPE = 0xff;
const LINE_BITS = 3;

/** A byte from here on is followed by another, of up to five; each has six bits more. */
const FIRST_LONG = 192;
const MORE_BITS = 6;
const MAX_BYTES = 5;

/** Decodes compressed numbers, one after the other. */
export class CompressedNumbers {
  readonly #bytes: Uint8Array;
  readonly #excluded: number;
  #at: number;

  /** @param excluded values that a byte does not have: 1 since 20, where 0 is none */
  constructor(bytes: Uint8Array, excluded: number, at = 0) {
    this.#bytes = bytes;
    this.#excluded = excluded;
    this.#at = at;
  }

  /** Undefined at the end of what there is. */
  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  unsigned(): number | undefined {
    let sum = 0;
    for (let index = 0; index < MAX_BYTES; index++) {
      const byte = this.byte();
      if (byte === undefined || byte < this.#excluded) return undefined;
      sum = (sum + (byte - this.#excluded) * 2 ** (MORE_BITS * index)) % 2 ** 32;
      if (byte < FIRST_LONG) return sum;
    }
    return sum;
  }

  signed(): number | undefined {
    const value = this.unsigned();
    if (value === undefined) return undefined;
    return (value >>> 1) ^ -(value & 1);
  }
}

/** The line of the last pair before the bytecode; pairs are in no order. */
function lineIn(table: Uint8Array, bytecode: number, excluded: number): number | undefined {
  const numbers = new CompressedNumbers(table, excluded);
  let [at, line] = [0, 0];
  let best: { at: number; line: number } | undefined;
  for (;;) {
    const byte = numbers.byte();
    if (byte === undefined || byte === END) break;
    if (byte === ESCAPE) {
      const [far, lines] = [numbers.signed(), numbers.signed()];
      if (far === undefined || lines === undefined) break;
      at += far;
      line += lines;
    } else {
      at += byte >>> LINE_BITS;
      line += byte & (2 ** LINE_BITS - 1);
    }
    if (at <= bytecode && (best === undefined || at >= best.at)) best = { at, line };
  }
  return best !== undefined && best.line > 0 ? best.line : undefined;
}

export const lineOfBytecode = (table: Uint8Array, _firstLine: number, bytecode: number) =>
  lineIn(table, bytecode, 0);

/** Since 20. */
export const lineOfBytecodeWithoutZeros = (
  table: Uint8Array,
  _firstLine: number,
  bytecode: number,
) => lineIn(table, bytecode, 1);
