/** The kernel's list of its functions, /proc/kallsyms: where it is, its text, and whether it says where they are. */
import { readFileSync, readSync } from 'node:fs';
import { closeFile, openFile } from './descriptors.ts';

export const KALLSYMS = '/proc/kallsyms';

/** Of many megabytes: where they are hidden, all are 0 (kernel/kallsyms.c, kallsyms_show_value). */
const LOOKED_AT_BYTES = 4096;

/**
 * All of it, a function a line, as `ffffffff81000000 T _text`; of a module with its name, as `[ext4]`, behind a tab.
 *
 * @throws NodeJS.ErrnoException where it cannot be read
 */
export function readKallsyms(path = KALLSYMS): string {
  return readFileSync(path, 'latin1');
}

/**
 * Whether the kernel shows this process where its functions are.
 *
 * @throws NodeJS.ErrnoException where it cannot be read
 */
export function kernelShowsAddresses(path = KALLSYMS): boolean {
  const bytes = Buffer.alloc(LOOKED_AT_BYTES);
  const file = openFile(path, 'r');
  try {
    const length = readSync(file, bytes);
    return /^(?!0+ )[0-9a-f]+ /m.test(bytes.toString('latin1', 0, length));
  } finally {
    closeFile(file);
  }
}
