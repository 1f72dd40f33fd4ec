/**
 * Call frame information for code that linkers and kernels leave without: procedure linkage tables
 * (lld writes none for them), the AArch64 signal trampoline of the vDSO, the system call of clone3.
 * Written as an .eh_frame
 * section, so that it takes the way of all others; real information about the same code wins.
 * Sources: the PLT templates of the psABIs for x86-64 and AArch64; struct rt_sigframe and struct
 * sigcontext of the Linux uapi for arm64.
 */
import type { ElfImage, ElfSection } from '@waggle/symbols';
import { type Architecture, EM_AARCH64, EM_X86_64 } from '../architecture.ts';
import type { FrameSection } from '../dwarf/call-frame-info.ts';
import * as D from '../dwarf/constants.ts';
import { cloneGap } from './clone-gap.ts';
import type { FunctionRanges } from './function-ranges.ts';

const SHF_EXECINSTR = 4;
export const PLT_NAMES: readonly string[] = ['.plt', '.plt.got', '.plt.sec', '.iplt'];
/** Of a linkage table's code, what is looked at. */
export const PLT_HEAD_BYTES = 32;
/** Far above any: 16 bytes for each imported function. */
const MAX_PLT_BYTES = 16 * 1024 * 1024;
/** A vDSO's code is under 16 KiB; nothing larger is searched for a trampoline. */
const MAX_VDSO_TEXT = 64 * 1024;

const X86_64_RSP = 7;
const X86_64_RIP = 16;
const AARCH64_FP = 29;
const AARCH64_LR = 30;
const AARCH64_SP = 31;

/** push *(rip + x): how the first stub of a lazy PLT begins. */
const X86_64_PUSH_MEMORY = 0x35ff;
const X86_64_ENDBR64 = 0xfa1e_0ff3;
/** stp x16, x30, [sp, #-16]!: how the first stub saves the link register. */
const AARCH64_SAVE_LINK = 0xa9bf_7bf0;
/** mov x8, #__NR_rt_sigreturn; svc #0. */
const AARCH64_SIGRETURN = [0xd280_1168, 0xd400_0001] as const;
/** In the frame at sp: siginfo of 128 bytes, 176 of ucontext, fault address, x0..x30, sp, pc. */
const AARCH64_SAVED_X0 = 128 + 176 + 8;

/**
 * What can be said without being told; undefined when that is nothing.
 * @param told the functions of .eh_frame
 */
export function syntheticFrames(
  elf: ElfImage,
  architecture: Architecture,
  told: FunctionRanges | undefined,
): FrameSection | undefined {
  const writer = new FrameWriter();
  const common = architecture.machine === EM_X86_64 ? X86_64_COMMON : AARCH64_COMMON;
  const cie = writer.common('zR', common);
  for (const section of elf.sections) {
    if ((section.flags & SHF_EXECINSTR) === 0 || section.size > MAX_PLT_BYTES) continue;
    if (PLT_NAMES.includes(section.name) && section.size >= 16) {
      if (architecture.machine === EM_X86_64) writeX86Plt(writer, cie, elf, section);
      else writeArmPlt(writer, cie, elf, section);
    }
    if (architecture.machine === EM_AARCH64 && section.name === '.text') {
      writeTrampoline(writer, elf, section);
    }
  }
  const gap = architecture.machine === EM_X86_64 && told && cloneGap(elf, told);
  if (gap) writer.function(cie, gap.address, gap.size, []);
  return writer.section();
}

const X86_64_COMMON: CieNumbers = {
  codeAlignment: 1,
  returnAddress: X86_64_RIP,
  program: [D.DW_CFA_def_cfa, X86_64_RSP, 8, D.DW_CFA_offset + X86_64_RIP, 1],
};

const AARCH64_COMMON: CieNumbers = {
  codeAlignment: 4,
  returnAddress: AARCH64_LR,
  program: [D.DW_CFA_def_cfa, AARCH64_SP, 0],
};

function writeX86Plt(writer: FrameWriter, cie: number, elf: ElfImage, section: ElfSection): void {
  // .plt.got and .plt.sec only jump.
  if (section.name === '.plt.got' || section.name === '.plt.sec') {
    writer.function(cie, section.addr, section.size, []);
    return;
  }
  const view = viewOf(elf.readSection(section, 0, Math.min(section.size, PLT_HEAD_BYTES)));
  // A section without contents (a debug file's) has a size all the same.
  if (view.byteLength < 16) return;
  const lazy = view.getUint16(0, true) === X86_64_PUSH_MEMORY;
  if (lazy) {
    const pushed = [D.DW_CFA_def_cfa_offset, 16, D.DW_CFA_advance_loc + 6];
    writer.function(cie, section.addr, 16, [...pushed, D.DW_CFA_def_cfa_offset, 24]);
  }
  const rest = lazy ? 16 : 0;
  if (section.size < rest + 16 || view.byteLength < rest + 16) return;
  const threshold = view.getUint32(rest, true) === X86_64_ENDBR64 ? 9 : 11;
  const expression = [
    D.DW_OP_breg0 + X86_64_RSP,
    8,
    D.DW_OP_breg0 + X86_64_RIP,
    0,
    D.DW_OP_lit15,
    D.DW_OP_and,
    D.DW_OP_lit0 + threshold,
    D.DW_OP_ge,
    D.DW_OP_lit3,
    D.DW_OP_shl,
    D.DW_OP_plus,
  ];
  const program = [D.DW_CFA_def_cfa_expression, expression.length, ...expression];
  writer.function(cie, section.addr + rest, section.size - rest, program);
}

function writeArmPlt(writer: FrameWriter, cie: number, elf: ElfImage, section: ElfSection): void {
  const view = viewOf(elf.readSection(section, 0, 8));
  if (view.byteLength < 8) return;
  const first = view.getUint32(0, true) === AARCH64_SAVE_LINK;
  // Behind a landing pad (bti c) otherwise.
  const second = view.getUint32(4, true) === AARCH64_SAVE_LINK;
  let rest = 0;
  if ((first || second) && section.size >= 32) {
    const saved = [D.DW_CFA_def_cfa_offset, 16, D.DW_CFA_offset + AARCH64_LR, 1];
    writer.function(cie, section.addr, 32, [D.DW_CFA_advance_loc + (first ? 1 : 2), ...saved]);
    rest = 32;
  }
  if (section.size > rest) writer.function(cie, section.addr + rest, section.size - rest, []);
}

function writeTrampoline(writer: FrameWriter, elf: ElfImage, text: ElfSection): void {
  if (text.size > MAX_VDSO_TEXT) return;
  const view = viewOf(elf.readSection(text));
  for (let at = 0; at + 8 <= view.byteLength; at += 4) {
    if (view.getUint32(at, true) !== AARCH64_SIGRETURN[0]) continue;
    if (view.getUint32(at + 4, true) !== AARCH64_SIGRETURN[1]) continue;
    const cie = writer.common('zRS', AARCH64_TRAMPOLINE);
    // A handler returns to the first byte, and unwinders look up the byte before a return address.
    const before = at === 0 ? 0 : 4;
    writer.function(cie, text.addr + at - before, 8 + before, []);
    return;
  }
}

function savedAt(slot: number): number[] {
  const offset = AARCH64_SAVED_X0 + slot * 8;
  return [D.DW_OP_breg0 + AARCH64_SP, ...sleb(offset)];
}

function block(bytes: readonly number[]): number[] {
  return [bytes.length, ...bytes];
}

/** The pc gets a column of its own, 32, so that the link register keeps its own value. */
const AARCH64_PC = 32;
const AARCH64_TRAMPOLINE: CieNumbers = {
  codeAlignment: 4,
  returnAddress: AARCH64_PC,
  program: [
    D.DW_CFA_def_cfa_expression,
    ...block([...savedAt(31), D.DW_OP_deref]),
    D.DW_CFA_expression,
    AARCH64_PC,
    ...block(savedAt(32)),
    D.DW_CFA_expression,
    AARCH64_FP,
    ...block(savedAt(29)),
    D.DW_CFA_expression,
    AARCH64_LR,
    ...block(savedAt(30)),
  ],
};

function sleb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const last = rest >= -64 && rest < 64;
    bytes.push((rest & 0x7f) | (last ? 0 : 0x80));
    if (last) return bytes;
  }
}

interface CieNumbers {
  readonly codeAlignment: number;
  readonly returnAddress: number;
  readonly program: readonly number[];
}

/** Writes records of .eh_frame with absolute 8-byte addresses. */
class FrameWriter {
  readonly #bytes: number[] = [];
  #functions = 0;

  /** Gives the offset that functions refer to. */
  common(augmentation: string, numbers: CieNumbers): number {
    const at = this.#bytes.length;
    const letters = [...augmentation].map((letter) => letter.charCodeAt(0));
    const dataAlignment = 0x78; // -8
    const alignments = [numbers.codeAlignment, dataAlignment, numbers.returnAddress];
    this.#record(0, [1, ...letters, 0, ...alignments, 1, 0, ...numbers.program]);
    return at;
  }

  function(cie: number, start: number, size: number, program: readonly number[]): void {
    this.#functions++;
    const id = this.#bytes.length + 4 - cie;
    this.#record(id, [...u64(start), ...u64(size), 0, ...program]);
  }

  section(): FrameSection | undefined {
    if (this.#functions === 0) return undefined;
    return { kind: 'eh_frame', bytes: Uint8Array.from(this.#bytes), bases: { section: 0 } };
  }

  #record(id: number, body: readonly number[]): void {
    const padded = [...body];
    while (padded.length % 8 !== 4) padded.push(D.DW_CFA_nop);
    this.#bytes.push(...u32(padded.length + 4), ...u32(id), ...padded);
  }
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

function u64(value: number): number[] {
  return [...u32(value >>> 0), ...u32(Math.floor(value / 0x1_0000_0000))];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
