/** Whether the kernel shows this process where its functions are. */

import { closeSync, openSync, readSync } from 'node:fs';

/** Of many megabytes: where they are hidden, all are 0 (kernel/kallsyms.c, kallsyms_show_value). */
const LOOKED_AT_BYTES = 4096;

/** @throws the system's error where /proc/kallsyms cannot be read */
export function kernelShowsAddresses(): boolean {
  const bytes = Buffer.alloc(LOOKED_AT_BYTES);
  const file = openSync('/proc/kallsyms', 'r');
  try {
    const length = readSync(file, bytes);
    return /^(?!0+ )[0-9a-f]+ /m.test(bytes.toString('latin1', 0, length));
  } finally {
    closeSync(file);
  }
}
