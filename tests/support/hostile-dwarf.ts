// Debug information that is small on disk and large in memory: each is a unit that covers a whole program, with more
// of one thing than any compiler writes.

import { deflateSync } from 'node:zlib';
import { type HostileSection, SHF_COMPRESSED, SHT } from './hostile-elf.ts';

const MEBIBYTE = 2 ** 20;
const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: number) => [...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)];

/** DWARF 5, 7.5: tags, attributes and forms that are used here. */
const TAG = { compileUnit: 0x11, inlined: 0x1d, subprogram: 0x2e };
const AT = { name: 3, stmtList: 0x10, lowPc: 0x11, highPc: 0x12, ranges: 0x55, addrBase: 0x73 };
const FORM = { addr: 1, data8: 7, string: 8, secOffset: 0x17, implicitConst: 0x21, addrx1: 0x29 };

/** As `objcopy --compress-debug-sections` stores it. */
export function compressedSection(name: string, bytes: Uint8Array): HostileSection {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 1, true);
  view.setBigUint64(8, BigInt(bytes.length), true);
  const data = Buffer.concat([header, deflateSync(bytes, { level: 1 })]);
  return { name, type: SHT.progbits, flags: SHF_COMPRESSED, data };
}

const plain = (name: string, bytes: readonly number[]): HostileSection => ({
  name,
  type: SHT.progbits,
  data: Uint8Array.from(bytes),
});

/** 1: a unit that covers code and has lines; 2: a function; 3: an inlined one in two bytes; 4: one of no bytes. */
const ABBREVIATIONS = [
  ...[1, TAG.compileUnit, 1, AT.lowPc, FORM.addr, AT.highPc, FORM.data8],
  ...[AT.stmtList, FORM.secOffset, AT.addrBase, FORM.secOffset, 0, 0],
  ...[2, TAG.subprogram, 1, AT.lowPc, FORM.addr, AT.highPc, FORM.data8, AT.name, FORM.string, 0, 0],
  ...[
    3,
    TAG.inlined,
    1,
    AT.lowPc,
    FORM.addrx1,
    AT.highPc,
    FORM.implicitConst,
    0xff,
    0xff,
    0x3f,
    0,
    0,
  ],
  ...[4, 0x0b, 1, 0, 0],
  ...[
    5,
    TAG.inlined,
    0,
    AT.lowPc,
    FORM.addrx1,
    AT.highPc,
    FORM.implicitConst,
    0xff,
    0xff,
    0x3f,
    0,
    0,
  ],
  0,
];

/** All code of a program, and then some. */
const COVERED = [...u64(1), ...u64(0x100_0000)];
const ROOT = [1, ...COVERED, ...u32(0), ...u32(0)];
const FUNCTION = [2, ...COVERED, ...Buffer.from('deep\0')];

/** A DWARF 5 unit: the root, what is in it, and then so many bytes of one thing over and over. */
function unit(
  children: readonly number[],
  repeated: readonly number[] = [],
  bytes = 0,
): Uint8Array {
  const head = [5, 0, 1, 8, ...u32(0), ...ROOT, ...children];
  return Buffer.concat([
    Uint8Array.from([...u32(head.length + bytes), ...head]),
    Buffer.alloc(bytes, Uint8Array.from(repeated)),
  ]);
}

/** One of DWARF 4 with these directories, a file, and the program. */
function lineTable(directories: Uint8Array, program: Uint8Array): Uint8Array {
  const before = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
  const files = Buffer.from('\0a.c\0\0\0\0\0');
  const header = [4, 0, ...u32(before.length + directories.length + files.length)];
  const length = header.length + before.length + directories.length + files.length + program.length;
  return Buffer.concat([
    Uint8Array.from([...u32(length), ...header, ...before]),
    directories,
    files,
    program,
  ]);
}

const setAddress = (address: number) => [0, 9, 2, ...u64(address)];
const END_SEQUENCE = [0, 1, 1];
const NONE = new Uint8Array(0);

/** Rows without end, of whatever opcodes. */
const program = (opcodes: readonly number[], mebibytes: number) =>
  Buffer.concat([
    Uint8Array.from(setAddress(1)),
    Buffer.alloc(mebibytes * MEBIBYTE, Uint8Array.from(opcodes)),
    Uint8Array.from([0, 9, 2, ...u64(0x100_0000), ...END_SEQUENCE]),
  ]);

const withLines = (table: Uint8Array): HostileSection[] => [
  plain('.debug_info', [...unit([0])]),
  plain('.debug_abbrev', ABBREVIATIONS),
  compressedSection('.debug_line', table),
];

const withUnit = (info: Uint8Array): HostileSection[] => [
  compressedSection('.debug_info', info),
  plain('.debug_abbrev', ABBREVIATIONS),
  plain('.debug_addr', [...u64(1), ...u64(2)]),
];

/** `count` tables of 4 MiB, each of a unit of its own. */
function manyAbbreviations(count: number): HostileSection[] {
  const tables = new Uint8Array(count * 4 * MEBIBYTE);
  for (let table = 0; table < count; table++) {
    let at = table * 4 * MEBIBYTE;
    const end = at + 4 * MEBIBYTE - 16;
    for (let code = 1; at < end; code++) {
      tables[at++] = (code & 0x7f) | 0x80;
      tables[at++] = ((code >> 7) & 0x7f) | 0x80;
      tables[at++] = code >> 14;
      tables[at++] = TAG.compileUnit;
      // Without children and attributes; then two zeros more.
      at += 3;
    }
  }
  const units = Array.from({ length: count }, (_, index) => {
    const body = [4, 0, ...u32(index * 4 * MEBIBYTE), 8, 0x81, 0x80, 0, 0];
    return [...u32(body.length), ...body];
  });
  return [plain('.debug_info', units.flat()), compressedSection('.debug_abbrev', tables)];
}

/** A unit of ranges that are all different. */
function manyRanges(mebibytes: number): HostileSection[] {
  const ranges = new BigUint64Array((mebibytes * MEBIBYTE) / 8);
  for (let at = 0; at + 2 < ranges.length; at += 2) {
    ranges[at] = BigInt(ranges.length - at);
    ranges[at + 1] = BigInt(ranges.length - at + 64);
  }
  const abbreviations = [1, TAG.compileUnit, 0, AT.ranges, FORM.secOffset, 0, 0, 0];
  const body = [4, 0, ...u32(0), 8, 1, ...u32(0)];
  return [
    plain('.debug_info', [...u32(body.length), ...body]),
    plain('.debug_abbrev', abbreviations),
    compressedSection('.debug_ranges', new Uint8Array(ranges.buffer)),
  ];
}

/** What an object's DWARF has too much of. */
export const DWARF_BOMBS: Readonly<Record<string, () => readonly HostileSection[]>> = {
  'a line program of a quarter of a billion special opcodes': () =>
    withLines(lineTable(NONE, program([0x20], 255))),
  'a line program that advances and copies without end': () =>
    withLines(lineTable(NONE, program([2, 0xff, 0x7f, 3, 1, 1], 255))),
  'a line program of a hundred million sequences': () =>
    withLines(lineTable(NONE, program([1, 2, 1, 0, 1, 1, 2, 7], 255))),
  'a line table of a hundred million directories': () =>
    withLines(lineTable(Buffer.alloc(200 * MEBIBYTE, 'a\0'), program([1], 0))),
  'a hundred million functions inlined into each other': () =>
    withUnit(unit(FUNCTION, [3, 0], 200 * MEBIBYTE)),
  'a hundred million functions inlined beside each other': () =>
    withUnit(unit(FUNCTION, [5, 1], 200 * MEBIBYTE)),
  'two hundred million blocks within each other': () =>
    withUnit(unit(FUNCTION, [4], 200 * MEBIBYTE)),
  'forty million abbreviations': () => manyAbbreviations(64),
  'sixteen million ranges of one unit': () => manyRanges(255),
  'macros of a gigabyte': () => [
    plain('.debug_info', [...unit([0])]),
    plain('.debug_abbrev', ABBREVIATIONS),
    { name: '.debug_macro', type: SHT.progbits, size: 1024 * MEBIBYTE },
    { name: '.debug_macinfo', type: SHT.progbits, size: 1024 * MEBIBYTE },
  ],
};
