/**
 * The one error that the content of unwind information, or of a stored table, can cause. Whatever
 * bytes are given, this package answers or throws this; errors of the system (ENOENT, EACCES) pass
 * through, and so does ElfError of @waggle/symbols for damage in the ELF file around it.
 */

/**
 * - `truncated`: a record, number or string reaches past the end of its section
 * - `malformed`: values that contradict each other
 * - `unsupported`: well-formed, but of a kind that is not read (a machine, a version, an encoding)
 * - `too-large`: beyond a documented limit of rows, rules or bytes
 * - `bad-table`: a stored table that is damaged, of another version or of another file
 */
export type UnwindErrorCode = 'truncated' | 'malformed' | 'unsupported' | 'too-large' | 'bad-table';

export class UnwindError extends Error {
  override readonly name = 'UnwindError';
  readonly code: UnwindErrorCode;

  constructor(code: UnwindErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
