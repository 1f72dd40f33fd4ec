/**
 * The one error of every /proc read. Its `code` is what a caller decides on; `errno` keeps the
 * system's own word. The message names pid and file, and never what was in the file.
 */

import { ArgumentRangeError, ArgumentTypeError } from '../argument-error.ts';

/**
 * - `gone`: no such process any more, or a zombie that has no such part left
 * - `denied`: it exists, and this user may not read it
 * - `malformed`: the text is not what proc(5) promises
 * - `io`: any other failure
 * - `no-procfs`: no procfs is mounted at the place that was given: nothing is known of anybody
 */
export type ProcfsErrorCode = 'gone' | 'denied' | 'malformed' | 'io' | 'no-procfs';

const EXPLANATIONS: Record<ProcfsErrorCode, string> = {
  gone: 'the process is gone',
  denied: 'permission denied (another user: CAP_SYS_PTRACE is needed)',
  malformed: 'not in the format of proc(5)',
  io: 'read failed',
  'no-procfs':
    'no procfs is mounted there; mount one, or say where it is: new RealProcfs({ root })',
};

export class ProcfsError extends Error {
  override readonly name = 'ProcfsError';
  readonly code: ProcfsErrorCode;
  readonly pid: number;
  /** The file below /proc/PID, for example `stat` or `ns/mnt`. */
  readonly file: string;
  /** `ESRCH`, `EACCES`, ... where a system call failed. */
  readonly errno: string | undefined;

  /** @param root where procfs is, or should be */
  constructor(code: ProcfsErrorCode, pid: number, file: string, errno?: string, root = '/proc') {
    const path = code === 'no-procfs' ? root : `${root}/${pid}/${file}`;
    super(`${path}: ${EXPLANATIONS[code]}${errno === undefined ? '' : ` (${errno})`}`);
    this.code = code;
    this.pid = pid;
    this.file = file;
    this.errno = errno;
  }
}

/** The errno name that node:fs errors carry in `code`, on all three runtimes. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * ENOENT is a pid that is not there when the file is opened, ESRCH one that ended between open
 * and read. EACCES and EPERM are the ptrace check, or a /proc mounted with hidepid=1.
 */
export function procfsErrorFrom(error: unknown, pid: number, file: string): ProcfsError {
  if (error instanceof ProcfsError) return error;
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) throw error;
  const errno = errnoOf(error);
  switch (errno) {
    case 'ENOENT':
    case 'ESRCH':
      return new ProcfsError('gone', pid, file, errno);
    case 'EACCES':
    case 'EPERM':
      return new ProcfsError('denied', pid, file, errno);
    default:
      return new ProcfsError('io', pid, file, errno);
  }
}
