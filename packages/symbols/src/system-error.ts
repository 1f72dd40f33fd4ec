/** Errors of the system, as node:fs throws them: ENOENT, EACCES and their kin. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
