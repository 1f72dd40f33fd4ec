/** Which errno an error has: `SystemError` of this package, or node:fs's own on each runtime. */

/** Its name, such as EAGAIN; undefined where it is no refusal of the system. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && ERRNO_NAME.test(code) ? code : undefined;
}

/** No code of Node.js itself (ERR_...). */
const ERRNO_NAME = /^E[A-Z\d]+$/;
