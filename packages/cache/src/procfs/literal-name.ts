/**
 * Whether a file is really called "... (deleted)", as the kernel calls one that has no name any more. Whoever is watched
 * chooses where his program lies and what is mounted on the way there, and a server of FUSE that is silent would be waited for
 * in the kernel: so file systems are asked that answer at once, and names are looked up step by step in folders of such alone.
 */

import type { MountInfo } from './procfs.ts';
import { type ProcfsIo, readWhole } from './read-file.ts';

/** On disks of this machine and in its memory. Not overlays: what is below one may be anything. */
const ANSWERING = new Set(['btrfs', 'ext4', 'tmpfs', 'xfs']);
const FDINFO_BYTES = 4096;

export interface NamedLink {
  /** `/proc/PID/exe`, or a thread's. */
  readonly link: string;
  readonly target: string;
  /** `/proc/PID/root` */
  readonly root: string;
}

/** @param mounts of the process @returns false where it cannot be told without a risk */
export function isLiteral(
  io: ProcfsIo,
  { link, target, root }: NamedLink,
  mounts: () => readonly MountInfo[],
): boolean {
  const { lookSync, fstatSync } = io;
  if (lookSync === undefined || fstatSync === undefined)
    return isLiteralByName(io, link, root + target);
  const opened: number[] = [];
  let answering: ReadonlySet<number> | undefined;
  const look = (path: string, follows: boolean): number => {
    const fd = lookSync(path, follows);
    opened.push(fd);
    answering ??= new Set(mounts().flatMap(({ id, type }) => (ANSWERING.has(type) ? [id] : [])));
    if (!answering.has(mountOf(io, fd))) throw new Error('it may not answer');
    return fd;
  };
  try {
    const behind = fstatSync(look(link, true));
    if (behind.nlink === 0) return false;
    let at = look(root, true);
    for (const name of target.split('/').filter(Boolean))
      at = look(`/proc/self/fd/${at}/${name}`, false);
    const named = fstatSync(at);
    return behind.dev === named.dev && behind.ino === named.ino;
  } catch {
    return false;
  } finally {
    for (const fd of opened) io.closeSync(fd);
  }
}

/** The link leads where the name leads. */
function isLiteralByName(io: ProcfsIo, link: string, path: string): boolean {
  try {
    const [behind, named] = [io.statSync(link), io.statSync(path)];
    return behind.dev === named.dev && behind.ino === named.ino;
  } catch {
    return false;
  }
}

/** By which mount a file of ours was opened: proc_pid_fdinfo(5). */
function mountOf(io: ProcfsIo, fd: number): number {
  const { bytes } = readWhole(io, `/proc/self/fdinfo/${fd}`, FDINFO_BYTES);
  return Number(/^mnt_id:\t(\d+)$/m.exec(new TextDecoder().decode(bytes))?.[1]);
}
