/**
 * The few ELF numbers this package looks at, under the names the System V ABI and <elf.h> give
 * them. Sizes are those of the 64-bit class. Sources: System V gABI chapters 4 and 5, the LSB for
 * the GNU extensions.
 */
export const EI_CLASS = 4;
export const EI_DATA = 5;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;

export const EHDR_SIZE = 64;
export const PHDR_SIZE = 56;
export const SHDR_SIZE = 64;
export const SYM_SIZE = 24;
export const NHDR_SIZE = 12;
export const RELA_SIZE = 24;

/** Values of `ElfImage.type` (e_type). */
export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const ET_CORE = 4;

/** Values of `ElfImage.machine` (e_machine). */
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;
export const PT_TLS = 7;
export const PF_X = 1;
/** e_phnum when the real count does not fit 16 bits and stands in section 0's sh_info. */
export const PN_XNUM = 0xffff;

export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_DYNSYM = 11;
export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;

export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_COMMON = 0xfff2;
/** "The index stands elsewhere": in SHT_SYMTAB_SHNDX, or for e_shstrndx in section 0's sh_link. */
export const SHN_XINDEX = 0xffff;

export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STB_GNU_UNIQUE = 10;
export const STT_NOTYPE = 0;
export const STT_FUNC = 2;
export const STT_GNU_IFUNC = 10;

/** Tags of the dynamic section. */
export const DT_HASH = 4;
export const DT_STRTAB = 5;
export const DT_SYMTAB = 6;
export const DT_STRSZ = 10;
export const DT_SYMENT = 11;
export const DT_GNU_HASH = 0x6fff_fef5;

export const NT_GNU_BUILD_ID = 3;

/** Relocations that fill a slot of the global offset table with a function's address. */
export const R_X86_64_GLOB_DAT = 6;
export const R_X86_64_JUMP_SLOT = 7;
export const R_X86_64_RELATIVE = 8;
export const R_AARCH64_GLOB_DAT = 1025;
export const R_AARCH64_JUMP_SLOT = 1026;
export const R_AARCH64_RELATIVE = 1027;
