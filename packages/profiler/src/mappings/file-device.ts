// Whether an open file lies on the device that the kernel gives for a mapping. stat(2) gives another
// for files of btrfs subvolumes and of overlays over several file systems; then the mount says which.

import { readFileSync } from 'node:fs';

/**
 * @param device `major:minor`, as in /proc/PID/maps
 * @returns undefined when the file's mount is neither the process's nor ours, so that nobody knows
 */
export function isOnDevice(
  fd: number,
  statDevice: bigint,
  pid: number,
  device: string,
): boolean | undefined {
  if (deviceText(statDevice) === device) return true;
  const mount = /^mnt_id:\t(\d+)$/m.exec(readProc(`self/fdinfo/${fd}`))?.[1];
  if (mount === undefined) return undefined;
  const found = deviceOfMount(String(pid), mount) ?? deviceOfMount('self', mount);
  return found === undefined ? undefined : found === device;
}

/** As gnu_dev_major() and gnu_dev_minor() take the number apart. */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** From proc_pid_mountinfo(5): identifier, parent, device. */
function deviceOfMount(process: string, mount: string): string | undefined {
  return new RegExp(`^${mount} \\d+ (\\d+:\\d+) `, 'm').exec(readProc(`${process}/mountinfo`))?.[1];
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
