/**
 * Names of Go's functions from .gopclntab, the table that its runtime walks stacks by: it stays when a
 * program is stripped, as most that are shipped are. Go 1.18 and later. Source: pcHeader, functab and
 * _func of runtime/symtab.go and runtime/runtime2.go.
 */
import { viewOf } from './elf/headers.ts';
import type { ElfImage } from './elf/image.ts';
import { bytesAt } from './elf/string-table.ts';
import { pointerAt, textStartOfModule } from './go-module.ts';
import type { PltStub } from './plt.ts';

const GO_TABLE = '.gopclntab';
/** Go 1.18 and 1.20; the layouts differ in nothing that is read here. */
const MAGICS: ReadonlySet<number> = new Set([0xffff_fff0, 0xffff_fff1]);
const AT = {
  pointerSize: 7,
  functions: 8,
  textStart: 24,
  names: 32,
  functab: 64,
  end: 72,
} as const;
const POINTER_BYTES = 8;
/** What a program has that Go code was linked into. */
const GO_MARKS = ['.go.buildinfo', '.note.go.buildid'];
/** Where a C linker puts the table of a position-independent program before Go 1.26. */
const MERGED_SECTIONS = ['.data.rel.ro', '.rodata'];
const TABLE_ALIGNMENT = 8;
/** Offset of the code from the start of text, and of its _func from the functab: u32 each. */
const ENTRY_BYTES = 8;
/** In _func, behind its entry offset. */
const NAME_OFFSET = 4;
/** The largest programs have some 200,000. */
const MAX_FUNCTIONS = 1_000_000;
const MAX_NAME = 4096;
const MAX_NAME_BYTES = 128 * 1024 * 1024;
/** What a Go program begins at, unless a C library starts it: _rt0_amd64_linux. */
const ENTRY_NAME = /^_rt0_/;

/**
 * Functions by address, [] for a program that is not Go's or whose text cannot be placed.
 * @throws `ElfError` when the section lies outside the file
 */
export function readGoFunctions(elf: ElfImage): PltStub[] {
  const text = elf.section('.text');
  const found = text && findTable(elf);
  if (text === undefined || found === undefined) return [];
  const { address: table, bytes } = found;
  const view = viewOf(bytes);
  const functions = offsetsOf(view);
  const isIn = (address: number) => address >= text.addr && address < text.addr + text.size;
  const inText = (address: number | undefined) =>
    address !== undefined && isIn(address) ? address : undefined;
  const names = table + Number(view.getBigUint64(AT.names, true));
  const base =
    inText(pointerAt(elf, table + AT.textStart)) ??
    inText(textStartOfModule(elf, table, names)) ??
    // What Go's own linker made begins with Go's code.
    (startsProgram(functions, elf.entry - text.addr) ? text.addr : undefined);
  if (base === undefined) return [];
  return functions
    .map(({ start, size, name }) => ({ address: base + start, size, name }))
    .filter(({ address, size }) => isIn(address) && isIn(address + size - 1));
}

/** Whether Go's own table may name the functions of a file. */
export function mayBeGo(elf: ElfImage): boolean {
  const tables = [GO_TABLE, `.data.rel.ro${GO_TABLE}`, ...GO_MARKS];
  return elf.sectionsIfSound.some(({ name }) => tables.includes(name));
}

function startsProgram(functions: readonly GoFunction[], entry: number): boolean {
  return functions.some(
    ({ start, name }) => start === entry && ENTRY_NAME.test(new TextDecoder().decode(name)),
  );
}

interface GoTable {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** In a section of its own, or among the data that a C linker put it to. */
function findTable(elf: ElfImage): GoTable | undefined {
  const own = elf.section(GO_TABLE) ?? elf.section(`.data.rel.ro${GO_TABLE}`);
  if (own !== undefined) {
    const bytes = elf.readSection(own);
    return isTable(bytes, 0) ? { address: own.addr, bytes } : undefined;
  }
  if (!GO_MARKS.some((name) => elf.section(name) !== undefined)) return undefined;
  for (const name of MERGED_SECTIONS) {
    const section = elf.section(name);
    if (section === undefined) continue;
    const bytes = elf.readSection(section);
    for (let at = 0; at + AT.end <= bytes.length; at += TABLE_ALIGNMENT)
      if (isTable(bytes, at)) return { address: section.addr + at, bytes: bytes.subarray(at) };
  }
  return undefined;
}

function isTable(bytes: Uint8Array, at: number): boolean {
  if (at + AT.end > bytes.length || bytes[at + AT.pointerSize] !== POINTER_BYTES) return false;
  const view = viewOf(bytes);
  // Two bytes of padding, and the smallest instruction: 1 on x86-64, 4 on AArch64.
  return MAGICS.has(view.getUint32(at, true)) && view.getUint16(at + 4, true) === 0;
}

interface GoFunction {
  /** From the start of text. */
  readonly start: number;
  readonly size: number;
  readonly name: Uint8Array;
}

function offsetsOf(view: DataView): GoFunction[] {
  const { byteLength } = view;
  const number = (offset: number) => Number(view.getBigUint64(offset, true));
  const count = number(AT.functions);
  const functab = number(AT.functab);
  const namesAt = number(AT.names);
  // One more entry than functions: where the last one ends.
  if (count > MAX_FUNCTIONS || functab + (count + 1) * ENTRY_BYTES > byteLength) return [];
  if (namesAt > byteLength) return [];
  const names = new Uint8Array(view.buffer, view.byteOffset + namesAt, byteLength - namesAt);
  const found: GoFunction[] = [];
  let nameBytes = 0;
  for (let index = 0; index < count && nameBytes < MAX_NAME_BYTES; index++) {
    const at = functab + index * ENTRY_BYTES;
    const start = view.getUint32(at, true);
    const size = view.getUint32(at + ENTRY_BYTES, true) - start;
    const nameAt = functab + view.getUint32(at + 4, true) + NAME_OFFSET;
    if (size <= 0 || nameAt + 4 > byteLength) continue;
    const name = bytesAt(names, view.getUint32(nameAt, true), MAX_NAME);
    nameBytes += name.length;
    if (name.length > 0) found.push({ start, size, name });
  }
  return found;
}
