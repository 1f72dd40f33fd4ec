/** What proc_pid_mountinfo(5) says of the mounts that a process sees. Nothing here asks a file system. */

import { readFileSync } from 'node:fs';
import { isSystemError } from '../system-error.ts';

export interface Mount {
  readonly id: string;
  /** `major:minor` */
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  /** Of the file system, as it shows them, with octal escapes. */
  readonly options: string;
}

/** @param process `/proc/PID` @returns undefined where it cannot be read */
export function mountinfoOf(process: string): string | undefined {
  try {
    return readFileSync(`${process}/mountinfo`, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    // Fields before the separator vary in number.
    const [before, after] = line.split(' - ', 2);
    const [id, , device, , mountPoint] = before?.split(' ') ?? [];
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (id === undefined || device === undefined || mountPoint === undefined || type === undefined)
      return [];
    return [{ id, device, mountPoint: unescaped(mountPoint), type, options }];
  });
}

/** The file system that a process has for its root. In another mount namespace it is another mount. */
export function rootDeviceOf(mounts: readonly Mount[]): string | undefined {
  return mounts.findLast(({ mountPoint }) => mountPoint === '/')?.device;
}

/** mangle() of fs/proc_namespace.c */
export function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
