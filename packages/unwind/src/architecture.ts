/**
 * The registers that an unwinder follows, by machine, as DWARF numbers them. Sources: System V ABI
 * AMD64 supplement, figure 3.36; DWARF for the Arm 64-bit Architecture (AADWARF64), section 4.1.
 */
import { UnwindError } from './error.ts';

export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

export interface Architecture {
  /** ELF e_machine. */
  readonly machine: number;
  readonly name: 'x86_64' | 'aarch64';
  /** DWARF register numbers. `third` is rbx, on aarch64 the link register. */
  readonly sp: number;
  readonly fp: number;
  readonly third: number;
  readonly ra: number;
  /** On aarch64 a leaf function's return address stays in a register. */
  readonly hasLinkRegister: boolean;
}

const X86_64: Architecture = {
  machine: EM_X86_64,
  name: 'x86_64',
  sp: 7,
  fp: 6,
  third: 3,
  ra: 16,
  hasLinkRegister: false,
};

const AARCH64: Architecture = {
  machine: EM_AARCH64,
  name: 'aarch64',
  sp: 31,
  fp: 29,
  // A leaf's return address; known in the innermost frame and above a signal frame.
  third: 30,
  ra: 30,
  hasLinkRegister: true,
};

/** @throws `UnwindError('unsupported')` for any other machine */
export function architectureOf(machine: number): Architecture {
  if (machine === EM_X86_64) return X86_64;
  if (machine === EM_AARCH64) return AARCH64;
  throw new UnwindError('unsupported', `e_machine ${machine} is neither x86-64 nor AArch64`);
}
