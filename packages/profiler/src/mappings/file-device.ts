/**
 * Whether an open file lies on the device that the kernel gives for a mapping. stat(2) gives another
 * for files of btrfs subvolumes and of overlays over several file systems; then the mount says which.
 */

import { readFileSync } from 'node:fs';
import { type Procfs, ProcfsError } from '@waggle/cache';

/**
 * @param device `major:minor`, as in /proc/PID/maps
 * @returns undefined when the file's mount is neither the process's nor ours, so that nobody knows
 */
export function isOnDevice(
  procfs: Procfs,
  fd: number,
  statDevice: bigint,
  pid: number,
  device: string,
): boolean | undefined {
  if (deviceText(statDevice) === device) return true;
  const mount = mountOf(fd);
  if (mount === undefined) return undefined;
  const found = deviceOfMount(procfs, pid, mount) ?? deviceOfMount(procfs, 'self', mount);
  return found === undefined ? undefined : found === device;
}

/** As gnu_dev_major() and gnu_dev_minor() take the number apart. */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

function deviceOfMount(procfs: Procfs, pid: number | 'self', mount: number): string | undefined {
  try {
    return procfs.mountinfo(pid).find(({ id }) => id === mount)?.device;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}

/** The mount by which a file of ours was opened: proc_pid_fdinfo(5). */
function mountOf(fd: number): number | undefined {
  let info: string;
  try {
    info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return undefined;
  }
  const mount = /^mnt_id:\t(\d+)$/m.exec(info)?.[1];
  return mount === undefined ? undefined : Number(mount);
}
