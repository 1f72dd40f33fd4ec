/**
 * A library that is in memory only: a file without a name. One that is written to a folder for everybody before
 * it is loaded could be another's by then.
 */

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { LibraryError } from '../errors/library-error.ts';
import type { NativeBackend } from './backend.ts';
import { libcPath } from './libc-path.ts';

/** MFD_CLOEXEC of linux/memfd.h. */
const MFD_CLOEXEC = 1;

/** Its path, for as long as the process lives. @throws LibraryError */
export function memoryFile(backend: NativeBackend, name: string, bytes: Uint8Array): string {
  const libc = backend.open(libcPath(), {
    memfd_create: { parameters: ['buffer', 'u32'], result: 'i32' },
  });
  const fd = libc.memfd_create(new TextEncoder().encode(`${name}\0`), MFD_CLOEXEC);
  if (fd < 0) throw new LibraryError(name, ['there is no memory for it']);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  return join('/proc/self/fd', String(fd));
}
