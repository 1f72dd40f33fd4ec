/**
 * Where the code of a Go program begins that its table counts from. A program that Go's own linker made
 * has it in the table's header, or begins with its entry point; one that a C linker made has C code
 * before it, and since Go 1.26 nothing in the header: there it stands in the runtime's moduledata.
 * Source: moduledata of runtime/symtab.go, of Go 1.18 to 1.26; the psABIs for relative relocations.
 */
import {
  EM_AARCH64,
  EM_X86_64,
  R_AARCH64_RELATIVE,
  R_X86_64_RELATIVE,
  RELA_SIZE,
  SHT_RELA,
} from './elf/constants.ts';
import { viewOf } from './elf/headers.ts';
import type { ElfImage } from './elf/image.ts';

/** Of Go 1.26 and later: moduledata and nothing else. */
const MODULE_SECTION = '.go.module';
/** Fields of moduledata, in bytes: a pointer to the table's header, and one to its names behind it. */
const NAMES = 8;
/** Behind the header's pointer, six slices and three addresses. */
const TEXT = 8 + 6 * 24 + 3 * 8;
/** Pointers to the table that are looked at: there is one for each module of a program. */
const MAX_CANDIDATES = 256;
/** Bytes that are searched at once. */
const PIECE = 1024 * 1024;
/** Of a file's data: the largest programs have tens of them. */
const MAX_SEARCHED = 512 * 1024 * 1024;
const RELA_CHUNK = 32_768;

/** A pointer in the file, as a loader leaves it. */
interface Pointers {
  /** Virtual addresses that hold this value. */
  holding(value: number): Iterable<number>;
  at(address: number): number | undefined;
}

/**
 * The start of text by the moduledata that points to a table; undefined where none does.
 *
 * @param table virtual address of the table's header; @param names that of its names
 */
export function textStartOfModule(elf: ElfImage, table: number, names: number): number | undefined {
  for (const pointers of [inPlace(elf), relocated(elf)])
    for (const module of pointers.holding(table))
      if (pointers.at(module + NAMES) === names) {
        const text = pointers.at(module + TEXT);
        if (text !== undefined) return text;
      }
  return undefined;
}

/** The value that a word of the file has once it is loaded. */
export function pointerAt(elf: ElfImage, address: number): number | undefined {
  return relocated(elf).at(address) ?? inPlace(elf).at(address);
}

/** As they stand in the file: of programs at fixed addresses, and where relocations are packed. */
function inPlace(elf: ElfImage): Pointers {
  return {
    *holding(value) {
      const wanted = Buffer.alloc(8);
      wanted.writeBigUInt64LE(BigInt(value));
      const section = elf.sectionsIfSound.find(({ name }) => name === MODULE_SECTION);
      if (section !== undefined) yield section.addr;
      let left = MAX_SEARCHED;
      for (const { vaddr, fileSize, executable } of elf.loads) {
        if (executable) continue;
        for (let from = 0; from < fileSize && left > 0; from += PIECE) {
          left -= PIECE;
          const piece = Buffer.from(elf.readMapped(vaddr + from, Math.min(PIECE, fileSize - from)));
          for (let at = piece.indexOf(wanted); at >= 0; at = piece.indexOf(wanted, at + 1))
            if ((vaddr + from + at) % 8 === 0) yield vaddr + from + at;
        }
      }
    },
    at(address) {
      const bytes = elf.readMapped(address, 8);
      return bytes.length === 8 ? Number(viewOf(bytes).getBigUint64(0, true)) : undefined;
    },
  };
}

/** What the loader writes: the file may have zeros there. */
function relocated(elf: ElfImage): Pointers {
  const relative =
    elf.machine === EM_X86_64
      ? R_X86_64_RELATIVE
      : elf.machine === EM_AARCH64
        ? R_AARCH64_RELATIVE
        : undefined;
  const section = elf.sectionsIfSound.find(
    ({ name, type }) => name === '.rela.dyn' && type === SHT_RELA,
  );
  /** Until `visit` says true. */
  const each = (visit: (address: number, value: number) => boolean): void => {
    if (section === undefined || relative === undefined) return;
    const count = Math.floor(section.size / RELA_SIZE);
    for (let from = 0; from < count; from += RELA_CHUNK) {
      const length = Math.min(RELA_CHUNK, count - from) * RELA_SIZE;
      const view = viewOf(elf.readSection(section, from * RELA_SIZE, length));
      for (let at = 0; at < length; at += RELA_SIZE) {
        if (view.getUint32(at + 8, true) !== relative) continue;
        const address = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
        const value = view.getUint32(at + 20, true) * 0x1_0000_0000 + view.getUint32(at + 16, true);
        if (visit(address, value)) return;
      }
    }
  };
  return {
    holding(value) {
      const found: number[] = [];
      each((address, pointed) => {
        if (pointed === value) found.push(address);
        return found.length >= MAX_CANDIDATES;
      });
      return found;
    },
    at(wanted) {
      let found: number | undefined;
      each((address, value) => {
        if (address === wanted) found = value;
        return found !== undefined;
      });
      return found;
    },
  };
}
