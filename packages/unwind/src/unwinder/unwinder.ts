/**
 * The reference unwinder: what a program in BPF does with a table, written to be read and to be
 * tested against. It knows a stack by a function that reads words, so it runs on recorded samples
 * as well as on live memory; speed is not its purpose.
 */
import { EM_AARCH64 } from '../architecture.ts';
import type { UnwindRule, ValueRule } from '../table/rule.ts';
import type { UnwindTable } from '../table/unwind-table.ts';

/** Registers of a frame; undefined once their value cannot be known any more. */
export interface FrameRegisters {
  /** Addresses. */
  readonly pc: bigint;
  readonly sp: bigint;
  readonly fp: bigint | undefined;
  /** rbx, or on aarch64 the link register. */
  readonly third: bigint | undefined;
  /** All by DWARF number, in the innermost frame alone. */
  readonly all?: readonly bigint[];
}

/** What is mapped at an address: the table of the file, if it has one, and the place in the file in bytes. */
export interface MappedCode {
  readonly table: UnwindTable | undefined;
  readonly fileOffset: number;
}

export interface UnwindInput {
  /** ELF e_machine. */
  readonly machine: number;
  readonly registers: FrameRegisters;
  /** The 64-bit word at an address, or undefined when it cannot be read. */
  readonly read: (address: bigint) => bigint | undefined;
  readonly find: (address: bigint) => MappedCode | undefined;
  /** 127 unless told otherwise. */
  readonly maxFrames?: number | undefined;
}

/** How the caller of a frame was found. */
export type UnwindMethod = 'table' | 'frame-pointer';

/**
 * - `end`: the outermost frame was reached; the stack is complete
 * - `no-mapping`: a return address that is in no mapped code
 * - `unsupported`: a row whose rule cannot be expressed
 * - `unknown-register`: the rule needs a register that is not known in this frame
 * - `unreadable`: stack memory that cannot be read
 * - `no-progress`: the caller's stack pointer would not be above this frame's
 * - `no-frame-pointer`: no rows, and the frame pointer leads nowhere
 * - `too-deep`: `maxFrames`
 */
export type StopReason =
  | 'end'
  | 'no-mapping'
  | 'unsupported'
  | 'unknown-register'
  | 'unreadable'
  | 'no-progress'
  | 'no-frame-pointer'
  | 'too-deep';

export interface UnwoundStack {
  /** The pc of each frame, innermost first; return addresses from the second on. */
  readonly pcs: readonly bigint[];
  /** Depths below a signal frame: their pc is the interrupted instruction, no return address. */
  readonly interrupted: readonly number[];
  /** For each frame whose caller was looked for, by what. */
  readonly methods: readonly UnwindMethod[];
  readonly stop: StopReason;
}

interface Step {
  readonly registers: FrameRegisters;
  readonly isSignalFrame: boolean;
}

const DEFAULT_MAX_FRAMES = 127;
const WORD = 2n ** 64n - 1n;
/** Of a signed aarch64 return address, what is address: user space has 48 bits. */
const AARCH64_ADDRESS = 2n ** 48n - 1n;

/** @throws RangeError for a table whose rows name a rule that it has not. */
export function unwind(input: UnwindInput): UnwoundStack {
  const maxFrames = input.maxFrames ?? DEFAULT_MAX_FRAMES;
  const pcs: bigint[] = [];
  const interrupted: number[] = [];
  const methods: UnwindMethod[] = [];
  let { registers } = input;
  // The first pc, and one that a signal interrupted, is that of the next instruction; a return
  // address may be that of the next function, when the call was a function's last instruction.
  let isExact = true;
  for (;;) {
    const code = input.find(isExact ? registers.pc : registers.pc - 1n);
    if (code === undefined) return { pcs, interrupted, methods, stop: 'no-mapping' };
    if (pcs.length === maxFrames) return { pcs, interrupted, methods, stop: 'too-deep' };
    if (isExact && pcs.length > 0) interrupted.push(pcs.length);
    pcs.push(registers.pc);
    const rule = code.table?.lookup(code.fileOffset);
    const hasRow = rule !== undefined && rule.cfa !== 'none';
    const step = hasRow ? byRule(input, registers, rule) : byFramePointer(input, registers);
    if (step !== 'end') methods.push(hasRow ? 'table' : 'frame-pointer');
    if (typeof step === 'string') return { pcs, interrupted, methods, stop: step };
    ({ registers, isSignalFrame: isExact } = step);
  }
}

function byRule(input: UnwindInput, frame: FrameRegisters, rule: UnwindRule): Step | StopReason {
  if (rule.returnAddress.kind === 'undefined' && rule.cfa !== 'unsupported') return 'end';
  if (rule.cfa === 'unsupported') return 'unsupported';
  const base = cfaBase(frame, rule);
  if (base === undefined) return 'unknown-register';
  let cfa = (base + BigInt(rule.cfaOffset)) & WORD;
  if (rule.cfa === 'deref-sp' || rule.cfa === 'deref-fp') {
    const loaded = input.read((base + BigInt(rule.cfaArgument)) & WORD);
    if (loaded === undefined) return 'unreadable';
    cfa = (loaded + BigInt(rule.cfaOffset)) & WORD;
  }
  const isLink = rule.returnAddress.kind === 'same';
  const returnAddress = isLink
    ? frame.third
    : valueBy(input, frame, rule.returnAddress, cfa, undefined);
  if (returnAddress === undefined)
    return isMemory(rule.returnAddress) ? 'unreadable' : 'unknown-register';
  const pc = input.machine === EM_AARCH64 ? returnAddress & AARCH64_ADDRESS : returnAddress;
  if (pc === 0n) return 'end';
  // A signal handler may run on a stack of its own; a leaf with its return address in a register, as the link
  // register or as vfork() has it, may use no stack.
  const isInRegister = isLink || rule.returnAddress.kind === 'register';
  const grows = isInRegister ? cfa >= frame.sp : cfa > frame.sp;
  if (!rule.isSignalFrame && !grows) return 'no-progress';
  const fp = valueBy(input, frame, rule.framePointer, cfa, frame.fp);
  const third = valueBy(input, frame, rule.third, cfa, frame.third);
  return { registers: { pc, sp: cfa, fp, third }, isSignalFrame: rule.isSignalFrame };
}

function cfaBase(frame: FrameRegisters, rule: UnwindRule): bigint | undefined {
  switch (rule.cfa) {
    case 'fp':
    case 'deref-fp':
      return frame.fp;
    case 'third':
      return frame.third;
    case 'register':
      return frame.all?.[rule.cfaArgument];
    case 'plt':
      return frame.sp + ((frame.pc & 15n) >= BigInt(rule.cfaArgument) ? 8n : 0n);
    default:
      return frame.sp;
  }
}

/** The caller's value of a register, or undefined when it is lost. */
function valueBy(
  input: UnwindInput,
  frame: FrameRegisters,
  rule: ValueRule,
  cfa: bigint,
  same: bigint | undefined,
): bigint | undefined {
  const offset = BigInt(rule.offset);
  switch (rule.kind) {
    case 'same':
      return same;
    case 'at-cfa':
      return input.read((cfa + offset) & WORD);
    case 'at-sp':
      return input.read((frame.sp + offset) & WORD);
    case 'at-fp':
      return frame.fp === undefined ? undefined : input.read((frame.fp + offset) & WORD);
    case 'register':
      return frame.all?.[rule.offset];
    case 'cfa':
      return (cfa + offset) & WORD;
    case 'undefined':
      return undefined;
  }
}

function isMemory(rule: ValueRule): boolean {
  return rule.kind === 'at-cfa' || rule.kind === 'at-sp' || rule.kind === 'at-fp';
}

/** Both machines lay a frame record out alike: the caller's frame pointer, then the return address. */
function byFramePointer(input: UnwindInput, frame: FrameRegisters): Step | StopReason {
  const { fp } = frame;
  if (fp === 0n) return 'end';
  if (fp === undefined || fp < frame.sp || (fp & 7n) !== 0n) return 'no-frame-pointer';
  const caller = input.read(fp);
  const returnAddress = input.read(fp + 8n);
  if (caller === undefined || returnAddress === undefined) return 'unreadable';
  const pc = input.machine === EM_AARCH64 ? returnAddress & AARCH64_ADDRESS : returnAddress;
  if (pc === 0n) return 'end';
  return {
    registers: { pc, sp: fp + 16n, fp: caller, third: undefined },
    isSignalFrame: false,
  };
}
