/**
 * What a file holds, told by what changes with it: a name, a device or an inode number say only where
 * it is. A file can be written to while it is mapped (libraries; executables are protected), and names
 * read from it afterwards would be another build's. docs/adr/0006 has the choice.
 */

import { readSync } from 'node:fs';
import { type FileStatus, fileStatus } from '@waggle/ffi';
import { cryptography } from '@waggle/symbols';

/** Nanoseconds since the epoch, from inode(7); `born` is 0 where the file system does not say. */
interface FileTimes {
  readonly modified: bigint;
  readonly changed: bigint;
  readonly born: bigint;
}

/** A file's content at one moment. */
export interface FileContent extends FileTimes {
  readonly inode: bigint;
  readonly size: bigint;
  /**
   * Of the first page: an ELF file's headers stand there, and as a rule its build-id. Empty where it was not
   * read: the file may not answer.
   */
  readonly head: string;
  readonly isElf: boolean;
}

const HEAD_BYTES = 4096;
const ELF_MAGIC = '\x7fELF';

/** @throws NodeJS.ErrnoException when the file cannot be read. */
export function contentOf(fd: number, stat = fileStatus(fd)): FileContent {
  const { ino: inode, size } = stat;
  return { inode, size, ...timesOf(stat), ...headOf(fd) };
}

/** As contentOf(), without reading. */
export function contentUnread(stat: FileStatus): FileContent {
  const { ino: inode, size } = stat;
  return { inode, size, ...timesOf(stat), head: '', isElf: false };
}

/**
 * The content as it is described now, if it is still the same; undefined when it is another. That its
 * status changed is no change: deleting and renaming do that too, so then the head is compared.
 */
export function sameContent(fd: number, before: FileContent): FileContent | undefined {
  const stat = fileStatus(fd);
  if (stat.size !== before.size || stat.mtimeNs !== before.modified) return undefined;
  if (stat.ctimeNs === before.changed) return before;
  if (before.head === '') return { ...before, changed: stat.ctimeNs };
  return headOf(fd).head === before.head ? { ...before, changed: stat.ctimeNs } : undefined;
}

/**
 * When it was last written to, at the latest: nobody but the clock sets the time of the last change,
 * so it limits a modification time that was set by hand. A time that is yet to come says nothing, the
 * clock was set back since: 0.
 */
export function lastWritten({ modified, changed }: FileTimes, now: bigint): bigint {
  const written = modified < changed ? modified : changed;
  return written > now ? 0n : written;
}

/** Whether the file came into being after that moment, and so is not what was mapped then. */
export function isBornAfter({ born }: FileTimes, time: bigint, now: bigint): boolean {
  return born > time && born <= now;
}

/** One state of one file, as text: any write to it, and any other change, gives another. */
export function stateOf(fd: number): string {
  const { dev, ino, size, ctimeNs } = fileStatus(fd);
  return `${dev}:${ino}:${size}:${ctimeNs}`;
}

export function timesOf({ mtimeNs, ctimeNs, birthtimeNs }: FileStatus): FileTimes {
  return { modified: mtimeNs, changed: ctimeNs, born: birthtimeNs };
}

function headOf(fd: number): { readonly head: string; readonly isElf: boolean } {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const length = readSync(fd, bytes, 0, HEAD_BYTES, 0);
  return {
    head: cryptography().createHash('sha256').update(bytes.subarray(0, length)).digest('base64'),
    isElf: bytes.toString('latin1', 0, ELF_MAGIC.length) === ELF_MAGIC,
  };
}
