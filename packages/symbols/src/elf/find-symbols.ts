/**
 * Finds a few symbols, functions and data, by their names: they say which program a file is, and where its tables are. Of
 * a file that exports none, as static programs do, its full table is searched. Names are looked for in the string table as
 * bytes, so that a file that has none of them costs one search of it.
 */
import { Buffer } from 'node:buffer';
import { SHN_UNDEF, SHT_DYNSYM, SHT_STRTAB, SHT_SYMTAB, SYM_SIZE } from './constants.ts';
import { readDynamicSymbols } from './dynamic-symbols.ts';
import { u64, viewOf } from './headers.ts';
import type { ElfImage, ElfSection } from './image.ts';

export interface FoundSymbol {
  /** Virtual address in the object. */
  readonly address: number;
  /** In bytes; 0 where the table does not say. */
  readonly size: number;
}

/** Larger tables of strings are those of browsers and the like. */
const MAX_STRING_BYTES = 64 * 1024 * 1024;
/** A hostile table may have a name as often as it likes. */
const MAX_PLACES = 1024;
/** Names that begin alike are looked for by their beginning, all at once: a search of ten megabytes for each takes longer. */
const PREFIX = 6;
/** So many of them, at least. */
const MANY = 4;
/** Of names that begin so. Where there are more, each is looked for by itself. */
const MAX_BEGINNINGS = 65_536;

/**
 * Symbols by name; those of a name that several have are in the order of its tables.
 * @param which those that it exports, as far as it exports any; or all that it has, which may be many
 * @throws ElfError for tables that lie outside of the file.
 */
export function findSymbols(
  elf: ElfImage,
  names: readonly string[],
  which: 'exported' | 'all' = 'exported',
): ReadonlyMap<string, readonly FoundSymbol[]> {
  const found = new Map<string, FoundSymbol[]>();
  const sections = elf.sectionsIfSound;
  const ofType = (wanted: number) => sections.find(({ type }) => type === wanted);
  const [first, second] = which === 'all' ? [SHT_SYMTAB, SHT_DYNSYM] : [SHT_DYNSYM, SHT_SYMTAB];
  const table = ofType(first) ?? ofType(second);
  const strings = table && sections[table.link];
  if (table !== undefined && strings?.type === SHT_STRTAB && strings.size <= MAX_STRING_BYTES) {
    const places = placesOf(stringsOf(elf, strings), names);
    if (places.size > 0)
      note(elf.readSection(table, 0, table.size - (table.size % SYM_SIZE)), places, found);
  }
  if (sections.length > 0) return found;
  const dynamic = readDynamicSymbols(elf);
  if (dynamic === undefined || dynamic.strings.length > MAX_STRING_BYTES) return found;
  note(dynamic.symbols, placesOf(dynamic.strings, names), found);
  return found;
}

/** An image is asked for one thing after the other, and a runtime's strings have ten megabytes: they are read once. */
const read = new WeakMap<ElfImage, Map<number, Uint8Array>>();

function stringsOf(elf: ElfImage, section: ElfSection): Uint8Array {
  const tables = read.get(elf) ?? new Map<number, Uint8Array>();
  read.set(elf, tables);
  const bytes = tables.get(section.offset) ?? elf.readSection(section);
  tables.set(section.offset, bytes);
  return bytes;
}

/** Where each name stands in a table of strings: behind others that end like it, too. */
function placesOf(strings: Uint8Array, names: readonly string[]): ReadonlyMap<number, string> {
  const bytes = Buffer.from(strings.buffer, strings.byteOffset, strings.length);
  const places = new Map<number, string>();
  const alike = Map.groupBy(names, (name) => name.slice(0, PREFIX));
  for (const [prefix, group] of alike)
    if (group.length < MANY || !placeAlike(bytes, prefix, group, places))
      for (const name of group) place(bytes, name, places);
  return places;
}

function place(bytes: Buffer, name: string, places: Map<number, string>): void {
  const wanted = `${name}\0`;
  let at = bytes.indexOf(wanted);
  for (let seen = 0; at >= 0 && seen < MAX_PLACES; seen++) {
    places.set(at, name);
    at = bytes.indexOf(wanted, at + 1);
  }
}

/** The same of all that begin so; false where too much does. */
function placeAlike(
  bytes: Buffer,
  prefix: string,
  names: readonly string[],
  places: Map<number, string>,
): boolean {
  const seen = new Map(names.map((name) => [name, 0]));
  const longest = Math.max(...names.map(({ length }) => length));
  let at = bytes.indexOf(prefix);
  for (let beginnings = 0; at >= 0; beginnings++) {
    if (beginnings >= MAX_BEGINNINGS) return false;
    const text = bytes.toString('latin1', at, at + longest + 1);
    const name = text.slice(0, Math.max(text.indexOf('\0'), 0));
    const times = seen.get(name);
    if (times !== undefined && times < MAX_PLACES) {
      places.set(at, name);
      seen.set(name, times + 1);
    }
    at = bytes.indexOf(prefix, at + 1);
  }
  return true;
}

function note(
  symbols: Uint8Array,
  places: ReadonlyMap<number, string>,
  found: Map<string, FoundSymbol[]>,
): void {
  if (places.size === 0) return;
  const view = viewOf(symbols);
  for (let at = 0; at + SYM_SIZE <= symbols.length; at += SYM_SIZE) {
    const name = places.get(view.getUint32(at, true));
    if (name === undefined || view.getUint16(at + 6, true) === SHN_UNDEF) continue;
    const address = u64(view, at + 8, 'st_value');
    const symbol = { address, size: u64(view, at + 16, 'st_size') };
    const known = found.get(name);
    if (known === undefined) found.set(name, [symbol]);
    else if (known.length < MAX_PLACES && !known.some((other) => other.address === address))
      known.push(symbol);
  }
}
