/**
 * Mini-debuginfo: the section .gnu_debugdata, an xz-compressed ELF file whose only content of use
 * is a .symtab with the functions that .dynsym lacks. Fedora and its kin ship every binary so.
 * Source: the GDB manual, "Debugging information in a special section".
 */
import { ElfError } from '../elf/error.ts';
import { ElfImage } from '../elf/image.ts';
import { decompressXz } from '../xz/decompress.ts';
import { XzError } from '../xz/error.ts';

/** Of the embedded file; the largest seen in a distribution are some ten million bytes. */
const MAX_DEBUGDATA = 64 * 1024 * 1024;

/**
 * The embedded image, or undefined when there is none.
 * @throws `ElfError('malformed')` when it cannot be decompressed, or does not hold what an ELF file
 *   must
 */
export function readDebugdata(elf: ElfImage, maxSize = MAX_DEBUGDATA): ElfImage | undefined {
  const section = elf.section('.gnu_debugdata');
  if (section === undefined || section.size === 0) return undefined;
  try {
    const { budget } = elf;
    const bytes = decompressXz(elf.readSection(section), maxSize, (size) => budget?.inflate(size));
    return ElfImage.parse(bytes, { budget });
  } catch (error) {
    if (error instanceof XzError) {
      throw new ElfError('malformed', `.gnu_debugdata: ${error.message}`);
    }
    throw error;
  }
}
