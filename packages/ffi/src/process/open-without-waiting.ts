/**
 * A pipe or a terminal opened once more, for writing that waits for no reader: one who has stopped (a frozen
 * window, a session whose other end is gone) would hold the writer for ever. O_NONBLOCK on the descriptor that
 * is there would be everybody's who shares it.
 */

import { constants, fstatSync, openSync, type Stats } from 'node:fs';

/**
 * Majors of Documentation/admin-guide/devices.txt: virtual consoles and serial lines, those of hypervisors, and
 * the slaves of pseudo terminals. Of others that isatty(3) says yes to, opening some makes another one (ptmx).
 */
const TERMINALS = [4, 204, 229, 136, 137, 138, 139, 140, 141, 142, 143];

/** Undefined where it is closed, anything else, or another user's. */
export function openWithoutWaiting(fd: number): number | undefined {
  try {
    const stat = fstatSync(fd);
    if (!stat.isFIFO() && !isTerminal(stat)) return undefined;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined;
  }
}

/** gnu_dev_major() of glibc, as far as these numbers go. */
function isTerminal(stat: Stats): boolean {
  return stat.isCharacterDevice() && TERMINALS.includes((stat.rdev >> 8) & 0xfff);
}
