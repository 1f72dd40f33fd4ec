/**
 * The file of the C library, by an absolute path. A bare name is never given to a runtime's dlopen, because Bun
 * looks for it in the current directory where the system has none, and runs what somebody left there, with our
 * rights.
 */

import { readFileSync } from 'node:fs';
import { LibraryError } from '../errors/library-error.ts';

/** glibc's, by whichever name, and musl's, which is the linker too; Debian calls that libc.so. */
const LIBC = /^(libc\.so|libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1|libc\.musl-\w+\.so\.1)$/;

/** The one of this process: the file that is mapped already. @throws LibraryError */
export function libcPath(): string {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  for (const line of maps.split('\n')) {
    const path = line.slice(line.indexOf('/'));
    if (path.startsWith('/') && LIBC.test(path.slice(path.lastIndexOf('/') + 1))) return path;
  }
  throw new LibraryError('the C library', ['this process has none mapped']);
}
