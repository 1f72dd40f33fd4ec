/**
 * The one error that the content of an ELF file can cause. Whatever bytes are given, the reader
 * answers or throws this; errors of the system (ENOENT, EACCES, EIO) pass through as node:fs
 * reports them, since they say nothing about the file's content.
 */

/**
 * - `not-elf`: no ELF magic, or not a regular file
 * - `unsupported-class`: ELF32
 * - `unsupported-endianness`: big-endian
 * - `truncated`: a table or section reaches past the end of the file
 * - `malformed`: values that contradict each other or exceed what any linker writes
 * - `too-large`: reading it would cost more than its budget, see `ReadBudget`
 */
export type ElfErrorCode =
  | 'not-elf'
  | 'unsupported-class'
  | 'unsupported-endianness'
  | 'truncated'
  | 'malformed'
  | 'too-large';

export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly code: ElfErrorCode;

  constructor(code: ElfErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
