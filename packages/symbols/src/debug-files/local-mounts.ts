/**
 * Which directories may be looked into at names that others chose. Where a file system asks a process or
 * another host, a look may take for ever: in the kernel, where not even SIGKILL ends a thread that waits for
 * another one's look at the same name (d_alloc_parallel() of fs/dcache.c). So such mounts are not entered, be they a
 * container's root; that of this process's own root has answered already. Nothing here asks the file system.
 */
import { constants, fstatSync, readFileSync, statSync } from 'node:fs';
import { closeFile, O_PATH, openFile } from '../descriptors.ts';
import { isSystemError } from '../system-error.ts';
import { type Mount, mountinfoOf, parseMounts, rootDeviceOf } from './mountinfo.ts';
import { overlayMayNotAnswer } from './overlays.ts';
import { isRemoteFileSystem } from './remote-types.ts';

/** Of a process in a chroot, those that may see the mount which that is on. */
const MAX_ANCESTORS = 8;

export class LocalMounts {
  /** `/proc/PID` of the process whose root it is. */
  readonly #process: string;
  /** The mount of this process's root, or of a folder that was named as one: both have answered already. */
  readonly #own: string | undefined;
  readonly #known = new Map<string, boolean>();

  /** @param rootFd the open directory `root`, `/` or `/proc/PID/root` */
  constructor(root: string, rootFd: number) {
    const process = /^\/proc\/[^/]+(?=\/root\/?$)/.exec(root)?.[0];
    this.#process = process ?? '/proc/self';
    this.#own = process === undefined ? mountOf(rootFd) : ownRootMount();
  }

  /** Whether what is open lies where the kernel answers by itself, or where the root of this process is. */
  has(fd: number): boolean {
    const mount = mountOf(fd);
    if (mount === undefined || mount === this.#own) return true;
    let isLocal = this.#known.get(mount);
    if (isLocal === undefined) {
      isLocal = this.#isLocal(mount);
      this.#known.set(mount, isLocal);
    }
    return isLocal;
  }

  #isLocal(id: string): boolean {
    for (const process of this.#witnesses()) {
      const mount = mountsOf(process).find((each) => each.id === id);
      if (mount === undefined) continue;
      if (mount.device === rootDeviceOf(mountsOf('/proc/self'))) return true;
      if (mount.type === 'overlay') return !overlayMayNotAnswer(mount.device, process);
      return !isRemoteFileSystem(mount.type);
    }
    return false;
  }

  /** A process is told of the mounts below its root: from within a chroot that is on none of those. */
  *#witnesses(): Generator<string> {
    yield this.#process;
    yield '/proc/self';
    let process = parentOf(this.#process);
    for (let count = 0; process !== undefined && count < MAX_ANCESTORS; count++) {
      yield process;
      process = parentOf(process);
    }
  }
}

function ownRootMount(): string | undefined {
  const fd = openFile('/', O_PATH | constants.O_DIRECTORY);
  try {
    return mountOf(fd);
  } finally {
    closeFile(fd);
  }
}

/**
 * Whether a root, `/` or `/proc/PID/root`, is that of this process. False as well where there is none.
 */
export function isOwnRoot(root: string): boolean {
  if (root === '/') return true;
  let fd: number | undefined;
  try {
    fd = openFile(root, O_PATH | constants.O_DIRECTORY);
    const mount = mountOf(fd);
    if (mount === undefined || mount !== ownRootMount()) return false;
    // The mount of this process's root, which answers: it may be a folder there.
    const [one, own] = [fstatSync(fd), statSync('/')];
    return one.dev === own.dev && one.ino === own.ino;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  } finally {
    if (fd !== undefined) closeFile(fd);
  }
}

const mountsOf = (process: string): Mount[] => parseMounts(mountinfoOf(process) ?? '');

function parentOf(process: string): string | undefined {
  const pid = /^PPid:\t(\d+)$/m.exec(textOf(`${process}/status`) ?? '')?.[1];
  return pid === undefined || pid === '0' ? undefined : `/proc/${pid}`;
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
