/**
 * From a name to where a function is: every function of an object by all its names, aliases included, out
 * of all tables that there are. The other way round than symbol-table.ts, which keeps one name for an
 * address; asked once for a probe, so that nothing is kept. Layout: System V gABI, Elf64_Sym.
 */
import { readDebugdata } from './debug-files/debugdata.ts';
import { type DebugFileSearch, findDebugFile } from './debug-files/separate.ts';
import {
  SHN_COMMON,
  SHN_UNDEF,
  SHT_DYNSYM,
  SHT_STRTAB,
  SHT_SYMTAB,
  STT_FUNC,
  STT_GNU_IFUNC,
  SYM_SIZE,
} from './elf/constants.ts';
import { readDynamicSymbols } from './elf/dynamic-symbols.ts';
import { ElfError } from './elf/error.ts';
import { u64, viewOf } from './elf/headers.ts';
import type { ElfImage } from './elf/image.ts';
import { bytesAt, utf8 } from './elf/string-table.ts';
import { readGoFunctions } from './go-functions.ts';

export interface NamedFunction {
  /** As the table has it: mangled, with a version where it has one. */
  readonly name: string;
  /** Virtual address in the object. */
  readonly address: number;
  /** In bytes; 0 where the table does not say. */
  readonly size: number;
  /** STT_GNU_IFUNC: what stands there chooses the function when a program starts, and is not it. */
  readonly isIndirect: boolean;
}

/** A browser with everything in it has some three million. */
const MAX_FUNCTIONS = 8_000_000;
/** C++ has names of some kilobytes. */
const MAX_NAME = 16_384;
const CHUNK = 32_768 * SYM_SIZE;
/** Functions between two looks at the clock: what is done with a name may take a while. */
const AT_ONCE = 64;

/**
 * Shows every function of an object, one after the other: of its own tables, its mini-debuginfo, its debug
 * file, Go's own table. One that stands in two tables is shown twice. What `visit` does counts as time of the
 * image's budget.
 *
 * @returns why a table could not be read, in words; empty as a rule.
 */
export function visitFunctions(
  image: ElfImage,
  search: DebugFileSearch,
  visit: (named: NamedFunction) => void,
): string[] {
  const problems: string[] = [];
  const attempt = (what: string, run: () => void) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
      problems.push(`${what}: ${error.message}`);
    }
  };
  let left = MAX_FUNCTIONS;
  const counted = (named: NamedFunction) => {
    if (left-- <= 0) throw new ElfError('too-large', `more than ${MAX_FUNCTIONS} functions`);
    if (left % AT_ONCE === 0) image.budget?.checkTime();
    visit(named);
  };
  attempt('symbols', () => visitTables(image, counted));
  attempt('mini-debuginfo', () => {
    const embedded = readDebugdata(image);
    if (embedded !== undefined) visitTables(embedded, counted);
  });
  const isWhole = image.sectionsIfSound.some(({ type }) => type === SHT_SYMTAB);
  attempt('debug file', () => {
    const file = isWhole ? undefined : findDebugFile(image, search);
    if (file === undefined) return;
    try {
      visitTables(file.image, counted);
    } finally {
      file.close();
    }
  });
  attempt('Go functions', () => {
    for (const { address, size, name } of isWhole ? [] : readGoFunctions(image))
      counted({ name: utf8.decode(name), address, size, isIndirect: false });
  });
  return problems;
}

function visitTables(image: ElfImage, visit: (named: NamedFunction) => void): void {
  const sections = image.sectionsIfSound;
  for (const type of [SHT_SYMTAB, SHT_DYNSYM]) {
    const table = sections.find((section) => section.type === type);
    const strings = table && sections[table.link];
    if (table === undefined || strings?.type !== SHT_STRTAB) continue;
    const names = image.readSection(strings);
    const size = table.size - (table.size % SYM_SIZE);
    for (let from = 0; from < size; from += CHUNK)
      visitSymbols(image.readSection(table, from, Math.min(CHUNK, size - from)), names, visit);
  }
  if (sections.length > 0) return;
  const found = readDynamicSymbols(image);
  if (found !== undefined) visitSymbols(found.symbols, found.strings, visit);
}

function visitSymbols(
  symbols: Uint8Array,
  names: Uint8Array,
  visit: (named: NamedFunction) => void,
): void {
  const view = viewOf(symbols);
  for (let at = 0; at + SYM_SIZE <= symbols.length; at += SYM_SIZE) {
    const type = (symbols[at + 4] as number) & 0xf;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC) continue;
    const section = view.getUint16(at + 6, true);
    if (section === SHN_UNDEF || section === SHN_COMMON) continue;
    const name = utf8.decode(bytesAt(names, view.getUint32(at, true), MAX_NAME));
    if (name === '') continue;
    visit({
      name,
      address: u64(view, at + 8, 'st_value'),
      size: u64(view, at + 16, 'st_size'),
      isIndirect: type === STT_GNU_IFUNC,
    });
  }
}
