/** The ELF reader: images, where their bytes come from, and the error their content can cause. */
export {
  type ByteSource,
  FileByteSource,
  type FileSource,
  MemoryByteSource,
} from './byte-source.ts';
export { EM_AARCH64, EM_X86_64, ET_CORE, ET_DYN, ET_EXEC, ET_REL } from './constants.ts';
export { ElfError, type ElfErrorCode } from './error.ts';
export { type FoundSymbol, findSymbols } from './find-symbols.ts';
export type { LoadSegment } from './headers.ts';
export { ElfImage, type ElfOptions, type ElfSection } from './image.ts';
