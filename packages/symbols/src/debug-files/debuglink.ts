/**
 * .gnu_debuglink: the name and CRC-32 of the file that the debug information was split off into,
 * as `objcopy --add-gnu-debuglink` writes them. Source: the GDB manual, "Debugging Information in
 * Separate Files".
 */
import type { ByteSource } from '../elf/byte-source.ts';
import { viewOf } from '../elf/headers.ts';
import type { ElfImage } from '../elf/image.ts';
import { stringAt } from '../elf/string-table.ts';
import { crc32 } from '../xz/checksum.ts';

export interface DebugLink {
  /** A bare file name, never a path. */
  readonly name: string;
  /** CRC-32 of the whole debug file. */
  readonly crc: number;
}

const MAX_NAME = 255;
const PIECE = 1024 * 1024;

/** The link, or undefined when there is none or it is damaged. @throws `ElfError` like `section` */
export function readDebugLink(elf: ElfImage): DebugLink | undefined {
  const section = elf.section('.gnu_debuglink');
  if (section === undefined || section.size < 8 || section.size > MAX_NAME + 8) return undefined;
  const bytes = elf.readSection(section);
  const name = stringAt(bytes, 0, MAX_NAME);
  const at = Math.ceil((bytes.indexOf(0) + 1) / 4) * 4;
  // A path here could name any file of the system.
  if (name === '' || name === '.' || name === '..' || name.includes('/')) return undefined;
  if (bytes.indexOf(0) < 0 || at + 4 > bytes.length) return undefined;
  return { name, crc: viewOf(bytes).getUint32(at, true) };
}

/** CRC-32 of all of a source's bytes, read in pieces. */
export function crcOf(source: ByteSource): number {
  let crc = 0;
  for (let at = 0; at < source.size; at += PIECE) {
    crc = crc32(source.read(at, Math.min(PIECE, source.size - at)), crc);
  }
  return crc;
}
