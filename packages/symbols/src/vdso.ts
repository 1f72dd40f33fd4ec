/**
 * The vDSO: the shared object of the kernel that is mapped into every process and stands in no
 * file. Its image is copied out of a process's memory; file offsets in it equal addresses from the
 * start of its mapping, as for any ELF image. Sources: vdso(7), proc(5).
 */
import { readFileSync, readSync } from 'node:fs';
import { closeFile, openFile } from './descriptors.ts';
import { ElfError } from './elf/error.ts';
import { ElfImage } from './elf/image.ts';

/** Two to four pages on every architecture so far. */
const MAX_VDSO = 1024 * 1024;

/**
 * The vDSO of a process, our own unless told (64-bit processes share one per kernel), or undefined
 * when it has none.
 * @throws NodeJS.ErrnoException when the process is gone or may not be read, and `ElfError` when
 *   what is mapped there is no ELF image
 */
export function readVdso(pid: number | 'self' = 'self'): ElfImage | undefined {
  const maps = readFileSync(`/proc/${pid}/maps`, 'latin1');
  const range = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ +\[vdso\]$/m.exec(maps);
  if (range === null) return undefined;
  const start = Number.parseInt(range[1] as string, 16);
  const size = Number.parseInt(range[2] as string, 16) - start;
  if (size > MAX_VDSO) throw new ElfError('malformed', `a vDSO of ${size} bytes`);
  const bytes = new Uint8Array(size);
  const fd = openFile(`/proc/${pid}/mem`, 'r');
  try {
    let done = 0;
    while (done < size) {
      const got = readSync(fd, bytes, done, size - done, start + done);
      if (got === 0) throw new ElfError('truncated', 'the vDSO is not all there');
      done += got;
    }
  } finally {
    closeFile(fd);
  }
  return ElfImage.parse(bytes);
}
