/**
 * What tells an object's names from those of any other file: a digest of all that they are made of, so
 * that a copy with other names, but the same build-id and size, does not stand for the real one. Costs
 * reading each symbol table once more, and no more than that.
 */

import { cryptography } from './crypto.ts';
import type { ByteSource } from './elf/byte-source.ts';
import { SHT_DYNSYM, SHT_NOBITS, SHT_SYMTAB } from './elf/constants.ts';
import { ElfError } from './elf/error.ts';
import type { ElfImage, ElfSection } from './elf/image.ts';
import { mayBeGo } from './go-functions.ts';
import { STUB_SECTIONS, slotSections } from './plt.ts';

/** Bytes read at once. */
const PIECE = 1024 * 1024;
/** Of a browser half of that; what is larger is told by its file alone. */
const MAX_DIGESTED = 768 * 1024 * 1024;

/**
 * SHA-256 in hex; undefined when the names of the object stand elsewhere too, in what is loaded (Go's
 * table, or the dynamic section of a file without section headers), or when they cannot be read.
 */
export function digestOfNames(source: ByteSource, image: ElfImage): string | undefined {
  const { sectionsIfSound: sections, loads, machine, type, buildId } = image;
  if (sections.length === 0) return undefined;
  const hasSymbols = sections.some((section) => section.type === SHT_SYMTAB);
  if (!hasSymbols && mayBeGo(image)) return undefined;
  const read = namingSections(sections).filter((section) => section.type !== SHT_NOBITS);
  if (read.reduce((sum, { size }) => sum + size, 0) > MAX_DIGESTED) return undefined;
  const digest = cryptography().createHash('sha256');
  digest.update(JSON.stringify([machine, type, buildId, loads]));
  for (const section of sections) digest.update(JSON.stringify(section));
  try {
    for (const { offset, size } of read)
      for (let at = offset; at < offset + size; at += PIECE)
        digest.update(source.read(at, Math.min(PIECE, offset + size - at)));
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
  return digest.digest('hex');
}

/** Those whose bytes names are made of: one of each kind, as they are read. */
function namingSections(sections: readonly ElfSection[]): readonly ElfSection[] {
  const found = new Set<ElfSection | undefined>();
  for (const wanted of [SHT_SYMTAB, SHT_DYNSYM]) {
    const table = sections.find(({ type }) => type === wanted);
    found.add(table).add(table && sections[table.link]);
  }
  found.add(sections.find(({ name }) => name === '.gnu_debugdata'));
  const stubs = sections.filter(({ name }) => STUB_SECTIONS.includes(name));
  for (const section of [...stubs, ...slotSections(sections)]) {
    found.add(section);
    const symbols = sections[section.link];
    found.add(symbols).add(symbols && sections[symbols.link]);
  }
  return [...found].filter((section) => section !== undefined);
}
