/**
 * How long an x86-64 instruction is: enough of the encoding to find where the next one begins. A breakpoint
 * inside an instruction would change what a program does. Source: Intel SDM volume 2, chapter 2 and
 * appendix A.2 (the opcode maps); compared with objdump over whole libraries in the test.
 */

const MODRM = 1;
const IMM8 = 2;
/** 32 bits, or 16 with an operand size prefix. */
const IMM_Z = 4;
/** 64, 32 or 16 bits, by prefixes. */
const IMM_V = 8;
const IMM16 = 16;
const IMM32 = 32;
/** An address of 64 bits. */
const OFFSET = 64;
/** `test` of group 3 has an immediate, the others have none. */
const GROUP3 = 128;
const BAD = 256;

const ONE_BYTE = map(BAD, (set) => {
  for (let row = 0; row < 0x40; row += 8) {
    set(row, row + 3, MODRM);
    set(row + 4, row + 4, IMM8);
    set(row + 5, row + 5, IMM_Z);
  }
  set(0x50, 0x5f, 0);
  set(0x63, 0x63, MODRM);
  set(0x68, 0x68, IMM_Z);
  set(0x69, 0x69, MODRM | IMM_Z);
  set(0x6a, 0x6a, IMM8);
  set(0x6b, 0x6b, MODRM | IMM8);
  set(0x6c, 0x6f, 0);
  set(0x70, 0x7f, IMM8);
  set(0x80, 0x80, MODRM | IMM8);
  set(0x81, 0x81, MODRM | IMM_Z);
  set(0x83, 0x83, MODRM | IMM8);
  set(0x84, 0x8f, MODRM);
  set(0x90, 0x99, 0);
  set(0x9b, 0x9f, 0);
  set(0xa0, 0xa3, OFFSET);
  set(0xa4, 0xa7, 0);
  set(0xa8, 0xa8, IMM8);
  set(0xa9, 0xa9, IMM_Z);
  set(0xaa, 0xaf, 0);
  set(0xb0, 0xb7, IMM8);
  set(0xb8, 0xbf, IMM_V);
  set(0xc0, 0xc1, MODRM | IMM8);
  set(0xc2, 0xc2, IMM16);
  set(0xc3, 0xc3, 0);
  set(0xc6, 0xc6, MODRM | IMM8);
  set(0xc7, 0xc7, MODRM | IMM_Z);
  set(0xc8, 0xc8, IMM16 | IMM8);
  set(0xc9, 0xc9, 0);
  set(0xca, 0xca, IMM16);
  set(0xcb, 0xcc, 0);
  set(0xcd, 0xcd, IMM8);
  set(0xcf, 0xcf, 0);
  set(0xd0, 0xd3, MODRM);
  set(0xd7, 0xd7, 0);
  set(0xd8, 0xdf, MODRM);
  set(0xe0, 0xe7, IMM8);
  set(0xe8, 0xe9, IMM32);
  set(0xeb, 0xeb, IMM8);
  set(0xec, 0xef, 0);
  set(0xf1, 0xf1, 0);
  set(0xf4, 0xf5, 0);
  set(0xf6, 0xf6, MODRM | GROUP3 | IMM8);
  set(0xf7, 0xf7, MODRM | GROUP3 | IMM_Z);
  set(0xf8, 0xfd, 0);
  set(0xfe, 0xff, MODRM);
});

const TWO_BYTES = map(MODRM, (set) => {
  set(0x04, 0x04, BAD);
  set(0x05, 0x09, 0);
  set(0x0a, 0x0a, BAD);
  set(0x0b, 0x0b, 0);
  set(0x0c, 0x0c, BAD);
  set(0x0e, 0x0e, 0);
  set(0x0f, 0x0f, MODRM | IMM8);
  set(0x24, 0x27, BAD);
  set(0x30, 0x37, 0);
  set(0x39, 0x3f, BAD);
  set(0x70, 0x73, MODRM | IMM8);
  set(0x77, 0x77, 0);
  set(0x80, 0x8f, IMM32);
  set(0xa0, 0xa2, 0);
  set(0xa4, 0xa4, MODRM | IMM8);
  set(0xa8, 0xaa, 0);
  set(0xac, 0xac, MODRM | IMM8);
  set(0xba, 0xba, MODRM | IMM8);
  set(0xc2, 0xc2, MODRM | IMM8);
  set(0xc4, 0xc6, MODRM | IMM8);
  set(0xc8, 0xcf, 0);
});

function map(
  rest: number,
  fill: (set: (from: number, to: number, what: number) => void) => void,
): Uint16Array {
  const entries = new Uint16Array(256).fill(rest);
  fill((from, to, what) => entries.fill(what, from, to + 1));
  return entries;
}

interface Prefixes {
  readonly wide: boolean;
  readonly short: boolean;
  readonly address32: boolean;
}

/** In bytes; undefined for what is no instruction, or is cut off. */
export function x86InstructionLength(code: Uint8Array, start: number): number | undefined {
  let at = start;
  let short = false;
  let address32 = false;
  let wide = false;
  for (; at - start < 15; at++) {
    const byte = code[at];
    if (byte === 0x66) short = true;
    else if (byte === 0x67) address32 = true;
    else if (![0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65].includes(byte ?? -1)) break;
  }
  if (((code[at] ?? 0) & 0xf0) === 0x40) wide = ((code[at++] as number) & 8) !== 0;
  const opcode = code[at++];
  const prefixes = { wide, short, address32 };
  switch (opcode) {
    case undefined:
      return undefined;
    case 0x0f:
      return lengthOf(code, start, at + 1, twoBytes(code, at), prefixes, code[at]);
    case 0xc5:
      return vectorLength(code, start, at + 1, 1);
    case 0xc4:
      return vectorLength(code, start, at + 2, (code[at] ?? 0) & 0x1f);
    case 0x62:
      return vectorLength(code, start, at + 3, (code[at] ?? 0) & 7);
  }
  return lengthOf(code, start, at, ONE_BYTE[opcode], prefixes, opcode);
}

function twoBytes(code: Uint8Array, at: number): number | undefined {
  const opcode = code[at] ?? -1;
  // Maps of three bytes: the opcode stands one further on, and a ModRM byte follows.
  if (opcode === 0x38) return MODRM | IMM_THREE;
  if (opcode === 0x3a) return MODRM | IMM8 | IMM_THREE;
  return TWO_BYTES[opcode];
}

const IMM_THREE = 512;

/** VEX and EVEX: the opcode map stands in the prefix. */
function vectorLength(
  code: Uint8Array,
  start: number,
  at: number,
  opcodeMap: number,
): number | undefined {
  const opcode = code[at] ?? -1;
  let what: number | undefined = MODRM;
  if (opcodeMap === 1) what = (TWO_BYTES[opcode] ?? BAD) & (MODRM | IMM8);
  else if (opcodeMap === 3) what = MODRM | IMM8;
  else if (![2, 5, 6].includes(opcodeMap)) what = undefined;
  // Masks and moves of AVX-512 stand where older maps have jumps.
  if (opcodeMap === 1 && opcode !== 0x77) what = (what ?? 0) | MODRM;
  const prefixes = { wide: false, short: false, address32: false };
  return lengthOf(code, start, at + 1, what, prefixes, opcode);
}

function lengthOf(
  code: Uint8Array,
  start: number,
  behindOpcode: number,
  what: number | undefined,
  { wide, short, address32 }: Prefixes,
  opcode: number | undefined,
): number | undefined {
  if (what === undefined || (what & BAD) !== 0 || opcode === undefined) return undefined;
  let at = behindOpcode + ((what & IMM_THREE) !== 0 ? 1 : 0);
  const modrm = code[at] ?? 0;
  if ((what & MODRM) !== 0) at = behindModrm(code, at);
  const hasImmediate = (what & GROUP3) === 0 || (modrm & 0x30) === 0;
  if (hasImmediate) {
    if ((what & IMM8) !== 0) at += 1;
    if ((what & IMM16) !== 0) at += 2;
    if ((what & IMM_Z) !== 0) at += short && !wide ? 2 : 4;
    if ((what & IMM_V) !== 0) at += wide ? 8 : short ? 2 : 4;
    if ((what & IMM32) !== 0) at += 4;
    if ((what & OFFSET) !== 0) at += address32 ? 4 : 8;
  }
  return at <= code.length && at - start <= 15 ? at - start : undefined;
}

function behindModrm(code: Uint8Array, at: number): number {
  const modrm = code[at] ?? 0;
  const mode = modrm >> 6;
  const register = modrm & 7;
  let behind = at + 1;
  if (mode === 3) return behind;
  let base = register;
  if (register === 4) base = (code[behind++] ?? 0) & 7;
  if (mode === 1) return behind + 1;
  if (mode === 2 || base === 5) return behind + 4;
  return behind;
}
