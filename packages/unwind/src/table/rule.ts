/**
 * The rule of a row: how to get from a frame's registers to those of its caller. Sixteen bytes, the
 * same on every machine; a table holds each distinct rule once. The README is the specification.
 */

/** How the CFA, the caller's stack pointer at the call, is found. */
export const CFA_NONE = 0;
export const CFA_SP = 1;
export const CFA_FP = 2;
export const CFA_THIRD = 3;
/** Register `cfaArgument` + offset; its value is known only in the innermost frame. */
export const CFA_REGISTER = 4;
/** *(sp + cfaArgument) + offset. */
export const CFA_DEREF_SP = 5;
export const CFA_DEREF_FP = 6;
/** sp + offset, and 8 more from byte `cfaArgument` of each 16-byte stub on. */
export const CFA_PLT = 7;
/** There is a rule, and it cannot be expressed. */
export const CFA_UNSUPPORTED = 8;

/** How the caller's value of a register is found. */
export const VALUE_SAME = 0;
/** Saved at CFA + offset. */
export const VALUE_AT_CFA = 1;
/** Saved at sp + offset, with the sp of this frame. */
export const VALUE_AT_SP = 2;
export const VALUE_AT_FP = 3;
/** In the register numbered `offset`; known where CFA_REGISTER is. */
export const VALUE_REGISTER = 4;
/** The value is CFA + offset. */
export const VALUE_CFA = 5;
/** Lost; as the rule of the return address, the end of the stack. */
export const VALUE_UNDEFINED = 6;

/** In the byte of the return address's kind: the frame was interrupted by a signal. */
export const RULE_SIGNAL_FRAME = 0x80;

export const RULE_BYTES = 16;
/** Index of the rule that says that nothing is known; every table begins with it. */
export const NO_RULE = 0;

export const CFA_KIND_NAMES = [
  'none',
  'sp',
  'fp',
  'third',
  'register',
  'deref-sp',
  'deref-fp',
  'plt',
  'unsupported',
] as const;

export const VALUE_KIND_NAMES = [
  'same',
  'at-cfa',
  'at-sp',
  'at-fp',
  'register',
  'cfa',
  'undefined',
] as const;

export type CfaKind = (typeof CFA_KIND_NAMES)[number];
export type ValueKind = (typeof VALUE_KIND_NAMES)[number];

export interface ValueRule {
  readonly kind: ValueKind;
  /** Bytes, or a DWARF register number for `register`. */
  readonly offset: number;
}

/** A rule for people and tests; tables hold the packed form. Offsets in bytes; cfaArgument by cfa's kind. */
export interface UnwindRule {
  readonly cfa: CfaKind;
  readonly cfaOffset: number;
  readonly cfaArgument: number;
  readonly returnAddress: ValueRule;
  readonly framePointer: ValueRule;
  readonly third: ValueRule;
  readonly isSignalFrame: boolean;
}

/** The packed form as four 32-bit words, little-endian in bytes. */
export function decodeRule(word0: number, word1: number, word2: number, word3: number): UnwindRule {
  return {
    cfa: CFA_KIND_NAMES[word0 & 0xff] ?? 'unsupported',
    cfaOffset: word1 | 0,
    cfaArgument: (word2 << 16) >> 16,
    returnAddress: valueRule((word0 >>> 8) & 0x7f, word2 >> 16),
    framePointer: valueRule((word0 >>> 16) & 0xff, (word3 << 16) >> 16),
    third: valueRule(word0 >>> 24, word3 >> 16),
    isSignalFrame: (word0 & (RULE_SIGNAL_FRAME << 8)) !== 0,
  };
}

function valueRule(kind: number, offset: number): ValueRule {
  return { kind: VALUE_KIND_NAMES[kind] ?? 'undefined', offset };
}
