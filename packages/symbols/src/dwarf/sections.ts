/**
 * The .debug_* sections of an image, read by the piece: a debug file of a gigabyte costs what is
 * looked at. A compressed section must be inflated whole, up to a limit. Layout of compressed
 * sections: System V gABI, Elf64_Chdr.
 */
import { SHT_NOBITS } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import { u64, viewOf } from '../elf/headers.ts';
import type { ElfImage, ElfSection } from '../elf/image.ts';
import type { ReadBudget } from '../elf/read-budget.ts';
import { stringAt } from '../elf/string-table.ts';
import { zlib } from '../zlib.ts';

const SHF_COMPRESSED = 0x800;
const CHDR_SIZE = 24;
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
const MAX_INFLATED = 1024 * 1024 * 1024;
/** Names are read this much at a time, and cut at this length. */
const NAME_PIECE = 256;
const MAX_NAME = 16_384;

/** Bytes that can be read by position. */
interface Piecewise {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

const NOTHING: Piecewise = {
  size: 0,
  read: () => new Uint8Array(0),
};

export class DebugSections {
  readonly #image: ElfImage;
  readonly #open = new Map<string, Piecewise>();

  constructor(image: ElfImage) {
    this.#image = image;
  }

  /** @throws `ElfError` when what reads the image has no time left */
  checkTime(): void {
    this.#image.budget?.checkTime();
  }

  /** Bytes of a section, 0 when it is absent. @throws `ElfError` when it is unusable */
  size(name: string): number {
    return this.#section(name).size;
  }

  /** Exactly these bytes. @throws `ElfError('truncated')` when the section ends before */
  read(name: string, offset: number, length: number): Uint8Array {
    const section = this.#section(name);
    if (!(offset >= 0 && length >= 0 && offset + length <= section.size)) {
      throw new ElfError('truncated', `${name} ends before ${offset + length}`);
    }
    return section.read(offset, length);
  }

  /** These bytes, or as many of them as there are. */
  readUpTo(name: string, offset: number, length: number): Uint8Array {
    const left = Math.max(0, this.size(name) - offset);
    return this.read(name, Math.min(offset, this.size(name)), Math.min(length, left));
  }

  /** A NUL-terminated name, cut when too long; '' outside of the section. */
  string(name: string, offset: number): string {
    for (let length = NAME_PIECE; ; length *= 4) {
      const piece = this.readUpTo(name, offset, length);
      if (piece.indexOf(0) >= 0 || piece.length < length || length >= MAX_NAME) {
        return stringAt(piece, 0, MAX_NAME);
      }
    }
  }

  #section(name: string): Piecewise {
    let section = this.#open.get(name);
    if (section === undefined) {
      const header = this.#image.section(name);
      section = header === undefined || header.type === SHT_NOBITS ? NOTHING : this.#use(header);
      this.#open.set(name, section);
    }
    return section;
  }

  #use(section: ElfSection): Piecewise {
    const image = this.#image;
    if ((section.flags & SHF_COMPRESSED) === 0) {
      return {
        size: section.size,
        read: (offset, length) => image.readSection(section, offset, length),
      };
    }
    const bytes = inflate(image.readSection(section), section.name, image.budget);
    return {
      size: bytes.length,
      read: (offset, length) => {
        image.budget?.checkTime();
        return bytes.subarray(offset, offset + length);
      },
    };
  }
}

function inflate(section: Uint8Array, name: string, budget?: ReadBudget): Uint8Array {
  if (section.length < CHDR_SIZE) throw new ElfError('truncated', `${name} is cut off`);
  const view = viewOf(section);
  const type = view.getUint32(0, true);
  const size = u64(view, 8, 'ch_size');
  if (size > MAX_INFLATED) throw new ElfError('too-large', `${name} inflates to ${size} bytes`);
  budget?.inflate(size);
  const packed = section.subarray(CHDR_SIZE);
  // 0 would mean the library's own limit.
  const options = { maxOutputLength: Math.max(1, size) };
  try {
    if (type === ELFCOMPRESS_ZLIB) return zlib().inflateSync(packed, options);
    // Node has it from 22.15 on.
    if (type === ELFCOMPRESS_ZSTD && typeof zlib().zstdDecompressSync === 'function') {
      return zlib().zstdDecompressSync(packed, options);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ElfError('malformed', `${name} cannot be inflated: ${error.message}`);
  }
  throw new ElfError('malformed', `${name} is compressed in an unknown way (${type})`);
}
