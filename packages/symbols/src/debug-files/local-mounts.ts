/**
 * Which directories may be looked into at names that others chose. Where a file system asks a process or
 * another host, a look may take for ever: in the kernel, where not even SIGKILL ends a thread that waits for
 * another one's look at the same name (d_alloc_parallel() of fs/dcache.c). So such mounts are not entered;
 * that which the root itself is on has answered already. Nothing here asks the file system.
 */
import { readFileSync } from 'node:fs';
import { isSystemError } from '../system-error.ts';

/** File systems that wait for somebody else, as fs/ of the kernel registers them; `fuse.` begins a subtype. */
const REMOTE =
  /^(fuse(blk|ctl)?(\..*)?|nfs4?|cifs|smb3?|9p|virtiofs|ceph|afs|coda|autofs|lustre|gpfs|beegfs|orangefs|pvfs2|ocfs2|gfs2|vboxsf)$/;

/** @param type as in proc_pid_mountinfo(5) */
export function isRemoteFileSystem(type: string): boolean {
  return REMOTE.test(type);
}

export class LocalMounts {
  readonly #root: string;
  readonly #own: string | undefined;
  readonly #known = new Map<string, boolean>();

  /** @param rootFd the open directory `root`, `/` or `/proc/PID/root` */
  constructor(root: string, rootFd: number) {
    this.#root = root;
    this.#own = mountOf(rootFd);
  }

  /** Whether what is open lies where the kernel answers by itself, or where the root is. */
  has(fd: number): boolean {
    const mount = mountOf(fd);
    if (mount === undefined || mount === this.#own) return true;
    let isLocal = this.#known.get(mount);
    if (isLocal === undefined) {
      const type = this.#typeOf(mount);
      isLocal = type !== undefined && !isRemoteFileSystem(type);
      this.#known.set(mount, isLocal);
    }
    return isLocal;
  }

  #typeOf(mount: string): string | undefined {
    const process = /^\/proc\/[^/]+(?=\/root\/?$)/.exec(this.#root)?.[0] ?? '/proc/self';
    const mounts = textOf(`${process}/mountinfo`) ?? '';
    // Fields before the separator vary in number: proc_pid_mountinfo(5).
    const line = mounts.split('\n').find((each) => each.startsWith(`${mount} `));
    return line?.split(' - ', 2)[1]?.split(' ')[0];
  }
}

/** Undefined where /proc does not say: proc_pid_fdinfo(5). */
function mountOf(fd: number): string | undefined {
  return /^mnt_id:\t(\d+)$/m.exec(textOf(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
