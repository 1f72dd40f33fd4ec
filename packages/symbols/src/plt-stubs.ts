/**
 * Decoders of PLT stubs: which slot of the global offset table does this stub jump through? They
 * know the few instruction forms that linkers write, and pass over everything else.
 * Sources: binutils' elfxx-x86 and lld's target code agree with the psABIs on these forms.
 */
import { viewOf } from './elf/headers.ts';

/** Told about each stub: where it is, bytes, and the slot it jumps through or the index it pushes. */
export interface StubSink {
  slot(address: number, size: number, slot: number): void;
  index(address: number, size: number, index: number): void;
}

interface StubSection {
  readonly name: string;
  readonly addr: number;
  readonly entsize: number;
}

/**
 * x86-64: `jmp *slot(%rip)` (ff 25), after an optional endbr64 and a bnd prefix; or, in a lazy IBT
 * stub, `push $index` (68) and a jump to the first entry.
 */
export function decodeX86Stubs(code: Uint8Array, section: StubSection, sink: StubSink): void {
  const view = viewOf(code);
  // Linkers write 8 or 16; entsize is missing from .plt.got of some of them.
  const step = section.entsize === 8 || isShortGot(code, section) ? 8 : 16;
  for (let at = 0; at + step <= code.length; at += step) {
    const address = section.addr + at;
    const endbr = view.getUint32(at, true) === 0xfa1e_0ff3 ? 4 : 0;
    let from = at + endbr;
    if (code[from] === 0x68 && from + 5 <= code.length) {
      sink.index(address, step, view.getUint32(from + 1, true));
      continue;
    }
    if (code[from] === 0xf2) from++;
    if (code[from] !== 0xff || code[from + 1] !== 0x25 || from + 6 > at + step) continue;
    const next = section.addr + from + 6;
    sink.slot(address, step, next + view.getInt32(from + 2, true));
  }
}

/** `ff 25 …, 66 90`: the eight-byte form, by what stands there. */
function isShortGot(code: Uint8Array, section: StubSection): boolean {
  return section.name === '.plt.got' && code[0] === 0xff && code[6] === 0x66 && code[7] === 0x90;
}

const ADRP_X16 = 0x9000_0010;
const ADRP_MASK = 0x9f00_001f;
/** ldr x17, [x16, #imm] */
const LDR_X17_X16 = 0xf940_0211;
const LDR_MASK = 0xffc0_03ff;
const BTI_C = 0xd503_245f;
const BR_X17 = 0xd61f_0220;
/** autia1716, where pointers are signed. */
const AUTIA1716 = 0xd503_219f;

/** AArch64: `adrp x16, page; ldr x17, [x16, #offset]; add …; br x17`, after an optional `bti c`. */
export function decodeAarch64Stubs(code: Uint8Array, section: StubSection, sink: StubSink): void {
  const view = viewOf(code);
  const word = (at: number) => (at + 4 <= code.length && at >= 0 ? view.getUint32(at, true) : 0);
  for (let at = 0; at + 16 <= code.length; at += 4) {
    const adrp = word(at);
    const load = word(at + 4);
    if ((adrp & ADRP_MASK) >>> 0 !== ADRP_X16 || (load & LDR_MASK) >>> 0 !== LDR_X17_X16) continue;
    let end = at + 12;
    if (word(end) === AUTIA1716) end += 4;
    if (word(end) !== BR_X17) continue;
    const start = word(at - 4) === BTI_C ? at - 4 : at;
    // 21 bits, signed: two low ones apart from the other nineteen.
    const pages = ((adrp << 8) >> 13) * 4 + ((adrp >>> 29) & 3);
    const here = section.addr + at;
    const slot = here - (here % 4096) + pages * 4096 + ((load >>> 10) & 0xfff) * 8;
    sink.slot(section.addr + start, end + 4 - start, slot);
    at = end;
  }
}
