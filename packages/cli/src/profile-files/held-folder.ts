/**
 * The way to a file that is to be written, walked component by component: each folder is opened by the one before,
 * none is followed that is a link by now, and links are read here. What somebody else renames or swaps meanwhile
 * leads nowhere else, and a folder that is held open stays the one that was looked at.
 */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { isOfOthers, whyOthersMayReplace } from '@waggle/ffi';

/** Of include/uapi/asm-generic/fcntl.h; node:fs has no name for it. */
export const O_PATH = 0o10_000_000;
const STEP_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** MAXSYMLINKS of include/linux/namei.h. */
const MAX_LINKS = 40;
/** Links of /proc that are no text: the kernel goes where that process is. */
const OF_PROCESS = /^\/proc\/\d+(\/task\/\d+)?$/;

export class HeldFolder implements Disposable {
  /** Its path when it was opened, absolute, without links. */
  readonly directory: string;
  readonly #fd: number;
  #isOpen = true;

  private constructor(directory: string, fd: number) {
    this.directory = directory;
    this.#fd = fd;
  }

  static root(): HeldFolder {
    return new HeldFolder('/', openSync('/', STEP_FLAGS));
  }

  /** Where a link of /proc leads by the kernel, whatever its text says. @throws NodeJS.ErrnoException */
  through(name: string): HeldFolder {
    const flags = O_PATH | constants.O_DIRECTORY;
    return new HeldFolder(this.pathOf(name), openSync(this.entry(name), flags));
  }

  /** A path by which the system finds an entry of this folder, wherever that is by now. */
  entry(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  pathOf(name: string): string {
    return this.directory === '/' ? `/${name}` : `${this.directory}/${name}`;
  }

  status(): Stats {
    return fstatSync(this.#fd);
  }

  /** The number of the mount that it is in. */
  mount(): string {
    return mountOf(this.#fd);
  }

  /** @throws NodeJS.ErrnoException, ENOTDIR where it is a link. */
  step(name: string): HeldFolder {
    return new HeldFolder(this.pathOf(name), openSync(this.entry(name), STEP_FLAGS));
  }

  /** Another hold on it. @throws NodeJS.ErrnoException */
  again(): HeldFolder {
    return new HeldFolder(this.directory, openSync(this.entry('.'), STEP_FLAGS));
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }
}

/** Where a path ends. */
export interface Followed {
  /** To be disposed of. */
  readonly folder: HeldFolder;
  readonly name: string;
  /** Below /proc: pipe:[123], or a file that may have no name. It is not followed by name. */
  readonly isDescriptor: boolean;
}

/**
 * Where an absolute path ends, which need not be there; or in words why it is not gone to.
 *
 * @throws NodeJS.ErrnoException
 */
export function followPath(path: string, absolute: string): Followed | string {
  const walked: HeldFolder[] = [HeldFolder.root()];
  try {
    const end = walk(path, absolute, walked);
    if (typeof end === 'string') return end;
    walked.pop();
    return end;
  } finally {
    for (const folder of walked) folder[Symbol.dispose]();
  }
}

/**
 * @param walked the folders from the root to where we are; the last is the end's. Below a process's root that is the first:
 * links and `..` do not lead out of it.
 */
function walk(path: string, absolute: string, walked: HeldFolder[]): Followed | string {
  const pending = componentsOf(absolute);
  let links = 0;
  for (;;) {
    const name = pending.pop();
    const folder = walked.at(-1);
    if (name === undefined || folder === undefined) return `${path} is a directory`;
    if (name === '..') {
      if (walked.length > 1) walked.pop()?.[Symbol.dispose]();
      if (pending.length === 0) return `${path} is a directory`;
      continue;
    }
    const stat = lstatSync(folder.entry(name), { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) {
      const why = whyNotFollowed(folder, name, stat);
      if (why !== undefined) return why;
      if (/^\/proc\/\d+\/(task\/\d+\/)?fd$/.test(folder.directory))
        return { folder, name, isDescriptor: true };
      if (++links > MAX_LINKS) return `${path}: too many links`;
      if (OF_PROCESS.test(folder.directory) && (name === 'root' || name === 'cwd')) {
        const entered = otherRoot(folder, name);
        if (typeof entered === 'string') return entered;
        if (entered !== undefined) {
          for (const each of walked.splice(0)) each[Symbol.dispose]();
          walked.push(entered);
          if (pending.length === 0) return `${path} is a directory`;
          continue;
        }
      }
      const target = readlinkSync(folder.entry(name));
      if (target.startsWith('/')) for (const each of walked.splice(1)) each[Symbol.dispose]();
      pending.push(...componentsOf(target));
      continue;
    }
    if (pending.length === 0) return { folder, name, isDescriptor: false };
    const directory = [folder.pathOf(name), ...pending.slice(1).reverse()].join('/');
    if (stat === undefined) return `${path} cannot be written: there is no directory ${directory}`;
    if (!stat.isDirectory()) return `${path} cannot be written: ${directory} is no directory`;
    walked.push(folder.step(name));
  }
}

/** The root of a process, where that is another than ours: undefined where the text of the link says the same. */
function otherRoot(folder: HeldFolder, name: string): HeldFolder | string | undefined {
  const there = folder.through(name);
  const text = readlinkSync(folder.entry(name));
  const ours = mountAt(text);
  const isOurs = there.mount() === ours;
  if (name === 'root' && !(isOurs && text === '/')) return there;
  there[Symbol.dispose]();
  return isOurs || ours === undefined
    ? undefined
    : `${folder.pathOf(name)} is in another root than ours: name it below ${folder.pathOf('root')}`;
}

/** The number of a mount: a folder is the same in two mount namespaces, what is mounted below it is not. */
function mountAt(directory: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(directory, O_PATH | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  try {
    return mountOf(fd);
  } finally {
    closeSync(fd);
  }
}

const mountOf = (fd: number): string =>
  /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';

/** The first one last. */
function componentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

function whyNotFollowed(folder: HeldFolder, name: string, link: Stats): string | undefined {
  const at = folder.pathOf(name);
  if (isOfOthers(link)) return `${at} is a link of user ${link.uid}, which is not followed`;
  // Between a look at its owner and at its target somebody could have put another there.
  const why = whyOthersMayReplace(folder.status(), true);
  return why === undefined
    ? undefined
    : `${at} is a link that is not followed, as its folder ${why}: name what it leads to`;
}
