/**
 * The registers' rules at one point of a function, while its program runs: numbers in one small
 * array, so that remembering a state is a copy. Only what an unwinder needs is followed: CFA, sp,
 * return address, frame pointer and the third register.
 */
import type { Architecture } from '../architecture.ts';
import { UnwindError } from '../error.ts';
import * as R from '../table/rule.ts';
import type { RuleDictionary } from '../table/rule-dictionary.ts';
import { BASE_CFA, recognisePlt, recogniseTerm } from './expression.ts';

/**
 * Fields of the state. The CFA's register and offset outlive an expression, because instructions
 * that change one of them go by the other. Each register has a kind and, next to it, an offset.
 */
const CFA = 0;
const CFA_REGISTER = 1;
const CFA_OFFSET = 2;
const EXPRESSION_ARGUMENT = 3;
const EXPRESSION_OFFSET = 4;
const SP = 5;
const RA = 7;
const FP = 9;
const THIRD = 11;
export const STATE_FIELDS = 13;

/** Compilers nest remember_state two deep. */
const MAX_REMEMBERED = 256;

/** Registers that nobody asks for. */
export const UNTRACKED = -1;

/** Registers that matter have small numbers, on every machine. */
const SHORT_REGISTERS = 64;

/** A kind for values that no row can hold; comes out as unsupported or undefined. */
const VALUE_UNSUPPORTED = 7;

export class FrameState {
  /** Doubles, since a hostile program can name any number; what fits a row is decided at the end. */
  readonly fields = new Float64Array(STATE_FIELDS);
  readonly #architecture: Architecture;
  readonly #slots = new Int8Array(SHORT_REGISTERS);
  #thirdIsLost = false;
  #remembered = new Float64Array(4 * STATE_FIELDS);
  #depth = 0;

  constructor(architecture: Architecture) {
    this.#architecture = architecture;
  }

  /** The state before a CIE's program: nothing known about the CFA, every register unchanged. */
  reset(returnColumn: number): void {
    const { sp, fp, third } = this.#architecture;
    this.fields.fill(0);
    this.#depth = 0;
    this.#slots.fill(UNTRACKED);
    this.#slots[sp] = SP;
    this.#slots[third] = THIRD;
    this.#slots[fp] = FP;
    if (returnColumn < SHORT_REGISTERS) this.#slots[returnColumn] = RA;
    // A call has overwritten the link register, so nothing is left in it for the frames above.
    this.#thirdIsLost = returnColumn === third;
  }

  /** The state at a function's first byte, as its CIE left it. */
  begin(initial: Float64Array): void {
    this.fields.set(initial);
    this.#depth = 0;
  }

  /** @throws `UnwindError('malformed')` beyond a depth that no compiler comes near */
  remember(): void {
    if (this.#depth === MAX_REMEMBERED) {
      throw new UnwindError('malformed', `more than ${MAX_REMEMBERED} remembered states`);
    }
    const at = this.#depth++ * STATE_FIELDS;
    if (at === this.#remembered.length) {
      const larger = new Float64Array(at * 2);
      larger.set(this.#remembered);
      this.#remembered = larger;
    }
    this.#remembered.set(this.fields, at);
  }

  /** @throws `UnwindError('malformed')` when nothing is remembered */
  recall(): void {
    if (this.#depth === 0) throw new UnwindError('malformed', 'no state was remembered');
    const at = --this.#depth * STATE_FIELDS;
    this.fields.set(this.#remembered.subarray(at, at + STATE_FIELDS));
  }

  /** Where a register's rule is kept, or UNTRACKED. */
  slotOf(register: number): number {
    return register < SHORT_REGISTERS ? this.#slots[register]! : UNTRACKED;
  }

  /** Gives a register its rule; false when nobody follows that register. */
  save(register: number, kind: number, offset: number): boolean {
    const slot = register < SHORT_REGISTERS ? this.#slots[register]! : UNTRACKED;
    if (slot === UNTRACKED) return false;
    const fits = offset >= -0x8000 && offset <= 0x7fff;
    this.fields[slot] = fits ? kind : VALUE_UNSUPPORTED;
    this.fields[slot + 1] = fits ? offset : 0;
    return true;
  }

  restore(slot: number, initial: Float64Array): void {
    this.fields[slot] = initial[slot]!;
    this.fields[slot + 1] = initial[slot + 1]!;
  }

  setCfa(register: number, offset: number): void {
    this.fields[CFA_OFFSET] = offset;
    this.setCfaRegister(register);
  }

  setCfaRegister(register: number): void {
    this.fields[CFA] = R.CFA_REGISTER;
    this.fields[CFA_REGISTER] = register;
  }

  /** Where an expression is in force it stays so, as in readelf and libgcc. */
  setCfaOffset(offset: number): void {
    this.fields[CFA_OFFSET] = offset;
  }

  setCfaExpression(bytes: Uint8Array, start: number, end: number): void {
    const { sp, fp, hasLinkRegister } = this.#architecture;
    const plt = hasLinkRegister ? undefined : recognisePlt(bytes, start, end);
    const term = plt === undefined ? recogniseTerm(bytes, start, end, false) : undefined;
    if (plt !== undefined) this.#setExpression(R.CFA_PLT, plt.threshold, plt.offset);
    else if (term === undefined) this.#setExpression(R.CFA_UNSUPPORTED, 0, 0);
    else if (term.inner === undefined) this.setCfa(term.base, term.offset);
    else if (term.base === sp) this.#setExpression(R.CFA_DEREF_SP, term.inner, term.offset);
    else if (term.base === fp) this.#setExpression(R.CFA_DEREF_FP, term.inner, term.offset);
    else this.#setExpression(R.CFA_UNSUPPORTED, 0, 0);
  }

  /** The register is saved at the address that the expression computes. */
  setExpression(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const term = recogniseTerm(bytes, start, end, true);
    const { sp, fp } = this.#architecture;
    if (term === undefined || term.inner !== undefined) this.#set(slot, VALUE_UNSUPPORTED, 0);
    else if (term.base === BASE_CFA) this.#set(slot, R.VALUE_AT_CFA, term.offset);
    else if (term.base === sp) this.#set(slot, R.VALUE_AT_SP, term.offset);
    else if (term.base === fp) this.#set(slot, R.VALUE_AT_FP, term.offset);
    else this.#set(slot, VALUE_UNSUPPORTED, 0);
  }

  /** The register's value is what the expression computes. */
  setValueExpression(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const term = recogniseTerm(bytes, start, end, true);
    if (term === undefined) this.#set(slot, VALUE_UNSUPPORTED, 0);
    else if (term.base === BASE_CFA && term.inner === undefined) {
      this.#set(slot, R.VALUE_CFA, term.offset);
    } else if (term.inner === undefined || term.offset !== 0) this.#set(slot, VALUE_UNSUPPORTED, 0);
    // The value *(register + inner) is the same as saved at register + inner.
    else if (term.base === BASE_CFA) this.#set(slot, R.VALUE_AT_CFA, term.inner);
    else if (term.base === this.#architecture.sp) this.#set(slot, R.VALUE_AT_SP, term.inner);
    else if (term.base === this.#architecture.fp) this.#set(slot, R.VALUE_AT_FP, term.inner);
    else this.#set(slot, VALUE_UNSUPPORTED, 0);
  }

  #set(slot: number, kind: number, offset: number): void {
    const fits = fitsShort(offset);
    this.fields[slot] = fits ? kind : VALUE_UNSUPPORTED;
    this.fields[slot + 1] = fits ? offset : 0;
  }

  /** The state as a rule of the dictionary. */
  intern(dictionary: RuleDictionary, isSignalFrame: boolean): number {
    const { fields } = this;
    let cfa = fields[CFA]!;
    let argument = fields[EXPRESSION_ARGUMENT]!;
    let offset = fields[EXPRESSION_OFFSET]!;
    if (cfa === R.CFA_REGISTER) {
      const register = fields[CFA_REGISTER]!;
      cfa = register === this.#architecture.sp ? R.CFA_SP : this.#kindOfRegister(register);
      argument = cfa === R.CFA_REGISTER ? register : 0;
      offset = fields[CFA_OFFSET]!;
    }
    let ra = fields[RA]!;
    // In this order the usual row is settled by comparisons alone: it is asked once per row.
    const supported =
      cfa !== R.CFA_NONE &&
      cfa !== R.CFA_UNSUPPORTED &&
      offset === (offset | 0) &&
      (ra === R.VALUE_AT_CFA || this.#raSupported(ra)) &&
      (argument === 0 || fitsShort(argument)) &&
      (fields[SP] === R.VALUE_SAME || this.#spIsCfa(cfa, argument, offset));
    if (!supported) return dictionary.internUnsupported();
    if (isSignalFrame) ra |= R.RULE_SIGNAL_FRAME;
    const fp = fields[FP] === VALUE_UNSUPPORTED ? R.VALUE_UNDEFINED : fields[FP]!;
    const lost = this.#thirdIsLost || fields[THIRD] === VALUE_UNSUPPORTED;
    const third = lost ? R.VALUE_UNDEFINED : fields[THIRD]!;
    return dictionary.intern(
      cfa | (ra << 8) | (fp << 16) | (third << 24),
      offset,
      (argument & 0xffff) | (fields[RA + 1]! << 16),
      (fields[FP + 1]! & 0xffff) | (fields[THIRD + 1]! << 16),
    );
  }

  #kindOfRegister(register: number): number {
    const { fp, third } = this.#architecture;
    if (register === fp) return R.CFA_FP;
    return register === third ? R.CFA_THIRD : R.CFA_REGISTER;
  }

  #raSupported(ra: number): boolean {
    if (ra === VALUE_UNSUPPORTED || ra === R.VALUE_CFA) return false;
    return ra !== R.VALUE_SAME || this.#architecture.hasLinkRegister;
  }

  /** The caller's sp is the CFA unless said otherwise; a row has no room for anything else. */
  #spIsCfa(cfa: number, argument: number, offset: number): boolean {
    const kind = this.fields[SP]!;
    const at = this.fields[SP + 1]!;
    if (kind === R.VALUE_CFA) return at === 0;
    if (offset !== 0 || argument !== at) return false;
    return (
      (kind === R.VALUE_AT_SP && cfa === R.CFA_DEREF_SP) ||
      (kind === R.VALUE_AT_FP && cfa === R.CFA_DEREF_FP)
    );
  }

  #setExpression(kind: number, argument: number, offset: number): void {
    const { fields } = this;
    fields[CFA] = kind;
    fields[EXPRESSION_ARGUMENT] = argument;
    fields[EXPRESSION_OFFSET] = offset;
  }
}

function fitsShort(value: number): boolean {
  return value >= -0x8000 && value <= 0x7fff;
}
