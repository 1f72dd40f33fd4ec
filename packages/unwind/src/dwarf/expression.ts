/**
 * Recognises the DWARF expressions that compilers, linkers and C libraries write into call frame
 * information. A BPF program cannot interpret expressions, and need not: all but a handful are a sum
 * or one load from a register. Anything else is `undefined` here and an unsupported rule later.
 */
import { UnwindError } from '../error.ts';
import * as D from './constants.ts';
import { FrameCursor } from './frame-cursor.ts';

/** Base of a term that is the CFA, which stands on the stack when a register's expression begins. */
export const BASE_CFA = -2;
const BASE_NONE = -1;

/** The value `base + offset`, or with `inner` the value `*(base + inner) + offset`. */
export interface Term {
  /** DWARF register number, or BASE_CFA. */
  readonly base: number;
  readonly inner: number | undefined;
  readonly offset: number;
}

/** What a linker writes for a procedure linkage table: sp + offset, and 8 more late in each stub. */
export interface PltTerm {
  readonly offset: number;
  /** First byte of a 16-byte stub at which one more word has been pushed. */
  readonly threshold: number;
}

/** Expressions in use have at most three values on the stack. */
const MAX_STACK = 16;
const X86_64_SP = 7;
const X86_64_IP = 16;

/** `bytes[start, end)` as one term, or undefined for expressions of another form. */
export function recogniseTerm(
  bytes: Uint8Array,
  start: number,
  end: number,
  startsWithCfa: boolean,
): Term | undefined {
  const reader = new FrameCursor(bytes, start, end);
  const stack: Term[] = [];
  if (startsWithCfa) stack.push({ base: BASE_CFA, inner: undefined, offset: 0 });
  try {
    while (reader.at < reader.end) {
      if (!step(reader, stack) || stack.length > MAX_STACK) return undefined;
    }
  } catch (error) {
    if (error instanceof UnwindError) return undefined;
    throw error;
  }
  const result = stack.at(-1);
  return result === undefined || result.base === BASE_NONE ? undefined : result;
}

function step(reader: FrameCursor, stack: Term[]): boolean {
  const operation = reader.u8();
  const literal = constantOf(operation, reader);
  if (literal !== undefined) {
    stack.push({ base: BASE_NONE, inner: undefined, offset: literal });
    return true;
  }
  if (operation >= D.DW_OP_breg0 && operation <= D.DW_OP_breg31) {
    stack.push({ base: operation - D.DW_OP_breg0, inner: undefined, offset: reader.sleb() });
    return true;
  }
  switch (operation) {
    case D.DW_OP_nop:
      return true;
    case D.DW_OP_bregx: {
      const base = reader.uleb();
      stack.push({ base, inner: undefined, offset: reader.sleb() });
      return true;
    }
    case D.DW_OP_deref: {
      const top = stack.pop();
      if (top === undefined || top.base === BASE_NONE || top.inner !== undefined) return false;
      stack.push({ base: top.base, inner: top.offset, offset: 0 });
      return true;
    }
    case D.DW_OP_plus_uconst: {
      const top = stack.pop();
      if (top === undefined) return false;
      stack.push({ ...top, offset: top.offset + reader.uleb() });
      return true;
    }
    case D.DW_OP_plus:
      return add(stack, 1);
    case D.DW_OP_minus:
      return add(stack, -1);
    default:
      return false;
  }
}

/** Adds the top of the stack to what is below it; one of the two must be a number. */
function add(stack: Term[], sign: 1 | -1): boolean {
  const right = stack.pop();
  const left = stack.pop();
  if (left === undefined || right === undefined) return false;
  if (right.base === BASE_NONE) {
    stack.push({ ...left, offset: left.offset + sign * right.offset });
    return true;
  }
  if (left.base === BASE_NONE && sign === 1) {
    stack.push({ ...right, offset: right.offset + left.offset });
    return true;
  }
  return false;
}

function constantOf(operation: number, reader: FrameCursor): number | undefined {
  if (operation >= D.DW_OP_lit0 && operation <= D.DW_OP_lit31) return operation - D.DW_OP_lit0;
  switch (operation) {
    case D.DW_OP_const1u:
      return reader.u8();
    case D.DW_OP_const1s:
      return reader.i8();
    case D.DW_OP_const2u:
      return reader.u16();
    case D.DW_OP_const2s:
      return reader.i16();
    case D.DW_OP_const4u:
      return reader.u32();
    case D.DW_OP_const4s:
      return reader.i32();
    case D.DW_OP_constu:
      return reader.uleb();
    case D.DW_OP_consts:
      return reader.sleb();
    default:
      return undefined;
  }
}

/**
 * `rsp + N + ((rip & 15) >= T) * 8`, as GNU ld writes it for .plt: N is 8, and T is where the stub's
 * push has been executed, 11 in plain stubs and 9 in those that begin with endbr64.
 */
export function recognisePlt(bytes: Uint8Array, start: number, end: number): PltTerm | undefined {
  const reader = new FrameCursor(bytes, start, end);
  try {
    if (reader.u8() !== D.DW_OP_breg0 + X86_64_SP) return undefined;
    const offset = reader.sleb();
    if (reader.u8() !== D.DW_OP_breg0 + X86_64_IP || reader.sleb() !== 0) return undefined;
    if (reader.u8() !== D.DW_OP_lit15 || reader.u8() !== D.DW_OP_and) return undefined;
    const threshold = reader.u8() - D.DW_OP_lit0;
    if (!(threshold >= 0 && threshold <= 15) || reader.u8() !== D.DW_OP_ge) return undefined;
    if (reader.u8() !== D.DW_OP_lit3 || reader.u8() !== D.DW_OP_shl) return undefined;
    if (reader.u8() !== D.DW_OP_plus || reader.at !== reader.end) return undefined;
    return { offset, threshold };
  } catch (error) {
    if (error instanceof UnwindError) return undefined;
    throw error;
  }
}
