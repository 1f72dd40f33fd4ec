/**
 * Gives each distinct rule an index, in the order of first use: an open-addressing hash over packed
 * rules, because it is asked once per row and rows come by the million. Index 0 is "no rule".
 */
import { UnwindError } from '../error.ts';
import { CFA_UNSUPPORTED, VALUE_UNDEFINED } from './rule.ts';

/** Rows refer to rules by 16 bits. */
export const MAX_RULES = 65_536;
const WORDS = 4;

const UNSUPPORTED_WORD0 =
  CFA_UNSUPPORTED | (VALUE_UNDEFINED << 8) | (VALUE_UNDEFINED << 16) | (VALUE_UNDEFINED << 24);

export class RuleDictionary {
  #words = new Int32Array(64 * WORDS);
  #slots = new Int32Array(256).fill(-1);
  #count = 0;

  constructor() {
    this.intern(0, 0, 0, 0);
  }

  get count(): number {
    return this.#count;
  }

  /** The packed rules, four words each. */
  get words(): Int32Array {
    return this.#words.subarray(0, this.#count * WORDS);
  }

  /** @throws `UnwindError('too-large')` for the 65,537th rule */
  intern(word0: number, word1: number, word2: number, word3: number): number {
    const words = this.#words;
    const mask = this.#slots.length - 1;
    let slot = hash(word0, word1, word2, word3) & mask;
    for (;;) {
      const index = this.#slots[slot]!;
      if (index < 0) break;
      const at = index * WORDS;
      if (
        words[at] === word0 &&
        words[at + 1] === word1 &&
        words[at + 2] === word2 &&
        words[at + 3] === word3
      ) {
        return index;
      }
      slot = (slot + 1) & mask;
    }
    return this.#add(slot, word0, word1, word2, word3);
  }

  /** The rule that says that there is information which cannot be expressed. */
  internUnsupported(): number {
    return this.intern(UNSUPPORTED_WORD0, 0, 0, 0);
  }

  #add(slot: number, word0: number, word1: number, word2: number, word3: number): number {
    const index = this.#count;
    if (index >= MAX_RULES) throw new UnwindError('too-large', `more than ${MAX_RULES} rules`);
    const at = index * WORDS;
    if (at === this.#words.length) {
      const larger = new Int32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[at] = word0;
    this.#words[at + 1] = word1;
    this.#words[at + 2] = word2;
    this.#words[at + 3] = word3;
    this.#slots[slot] = index;
    this.#count = index + 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return index;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    const words = this.#words;
    for (let index = 0; index < this.#count; index++) {
      const at = index * WORDS;
      let slot = hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.#slots = slots;
  }
}

function hash(word0: number, word1: number, word2: number, word3: number): number {
  let value = Math.imul(word0, 0x9e37_79b1);
  value = Math.imul(value ^ (value >>> 15) ^ word1, 0x85eb_ca77);
  value = Math.imul(value ^ (value >>> 13) ^ word2, 0xc2b2_ae3d);
  value = Math.imul(value ^ (value >>> 16) ^ word3, 0x27d4_eb2f);
  return (value ^ (value >>> 15)) >>> 0;
}
