/**
 * Names of Go's functions from .gopclntab, the table that its runtime walks stacks by: it stays when a
 * program is stripped, as most that are shipped are. Go 1.18 and later. Source: pcHeader, functab and
 * _func of runtime/symtab.go and runtime/runtime2.go.
 */
import { viewOf } from './elf/headers.ts';
import type { ElfImage } from './elf/image.ts';
import { bytesAt } from './elf/string-table.ts';
import type { PltStub } from './plt.ts';

export const GO_TABLE = '.gopclntab';
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
/** Offset of the code from the start of text, and of its _func from the functab: u32 each. */
const ENTRY_BYTES = 8;
/** In _func, behind its entry offset. */
const NAME_OFFSET = 4;
/** As many as a table of 256 MiB could have; the largest programs have some 200,000. */
const MAX_FUNCTIONS = 4_000_000;
const MAX_NAME = 4096;
const MAX_NAME_BYTES = 128 * 1024 * 1024;
/** What a Go program begins at, unless a C library starts it: _rt0_amd64_linux. */
const ENTRY_NAME = /^_rt0_/;

/**
 * Functions by address, [] for a program that is not Go's or whose text cannot be placed. Throws
 * `ElfError` when the section lies outside the file.
 */
export function readGoFunctions(elf: ElfImage): PltStub[] {
  const section = elf.section(GO_TABLE) ?? elf.section(`.data.rel.ro${GO_TABLE}`);
  const text = elf.section('.text');
  if (section === undefined || text === undefined || section.size < AT.end) return [];
  const table = elf.readSection(section);
  const view = viewOf(table);
  if (table.length < AT.end || !MAGICS.has(view.getUint32(0, true))) return [];
  if (table[AT.pointerSize] !== POINTER_BYTES) return [];
  const functions = offsetsOf(view);
  const isIn = (address: number) => address >= text.addr && address < text.addr + text.size;
  // Since Go 1.26 it is not written any more, and in a position-independent program not yet.
  const written = Number(view.getBigUint64(AT.textStart, true));
  const starts = (base: number) =>
    functions.some(
      ({ start, name }) =>
        base + start === elf.entry && ENTRY_NAME.test(new TextDecoder().decode(name)),
    );
  const base = isIn(written) ? written : starts(text.addr) ? text.addr : undefined;
  if (base === undefined) return [];
  return functions
    .map(({ start, size, name }) => ({ address: base + start, size, name }))
    .filter(({ address, size }) => isIn(address) && isIn(address + size - 1));
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
