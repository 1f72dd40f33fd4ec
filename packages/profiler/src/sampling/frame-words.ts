/**
 * Words of a user stack that are no addresses. The kernel marks them by bits that addresses do not have (enum
 * frame_bits); here they are numbers beyond every address, so that a stack stays a list of numbers, in which each has
 * its depth.
 */

import { frameBits } from '@waggle/bpf';

/** User space has 47 bits of addresses, 52 on aarch64 at most, and 2^53 are exact. */
const INTERPRETED = 2 ** 52;
const NUMBERS = 2 ** 32;

/** What an interpreted frame is, as the walk in the kernel has it. */
interface InterpretedWord {
  /** Of its code, which code-names.ts knows; 0: it could not be handed over. */
  readonly number: number;
  /** Which it is at, in the interpreter's unit; 0 where nobody asked. */
  readonly instruction: number;
}

/** @param high the upper half of a word that stood where a return address should */
export function isUserAddress(high: number): boolean {
  return high < INTERPRETED / 2 ** 32;
}

export function isInterpreted(word: number): boolean {
  return word >= INTERPRETED;
}

export function interpretedWord(word: number): InterpretedWord {
  const rest = word - INTERPRETED;
  return { number: rest % NUMBERS, instruction: Math.floor(rest / NUMBERS) };
}

/** The bits of an upper half. */
const bit = (number: number) => 2 ** (number - 32);
const INTERPRETED_BIT = bit(frameBits.FRAME_INTERPRETED_BIT);
const OF_INTERPRETER_BIT = bit(frameBits.FRAME_OF_INTERPRETER_BIT);
const ENTRY_BIT = bit(frameBits.FRAME_ENTRY_BIT);
const INSTRUCTIONS = 2 ** frameBits.FRAME_INSTRUCTION_BITS - 1;

/** @param high the upper half of a word of the kernel's, without the bit of an interrupted frame */
export function isInterpretedWord(high: number): boolean {
  return (high & INTERPRETED_BIT) !== 0;
}

export function numberOfInterpreted(high: number, low: number): number {
  return INTERPRETED + (high & INSTRUCTIONS) * NUMBERS + low;
}

/** Whether the evaluation of an interpreted frame began with it. */
export function isEntryWord(high: number): boolean {
  return (high & ENTRY_BIT) !== 0;
}

/** Of an address: it is the interpreter's own code. */
export function isOfInterpreter(high: number): boolean {
  return (high & OF_INTERPRETER_BIT) !== 0;
}

export function withoutMarks(high: number): number {
  return high & ~OF_INTERPRETER_BIT;
}
