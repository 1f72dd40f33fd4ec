/** Errors of the system, as node:fs throws them on each runtime: ENOENT, EACCES and their kin (errno(3)). */
const ERRNO_NAME = /^E[A-Z\d]+$/;

/** No error of ours, nor one of Node.js itself (ERR_...), though they have a code too. */
export function isSystemError(
  error: unknown,
): error is NodeJS.ErrnoException & { readonly code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    ERRNO_NAME.test(error.code)
  );
}
