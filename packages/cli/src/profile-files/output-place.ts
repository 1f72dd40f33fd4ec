/**
 * Where an output goes once its path is followed, and whether we may put something there. Root's files
 * are not to land where somebody else chose: links of others are not followed, their files not replaced.
 * Others are all but ourselves, root, and whoever called us by sudo(8), who could do as much without us.
 */

import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import process from 'node:process';
import { isOfOthers } from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols/system-error';
import { type Followed, followPath, type HeldFolder, O_PATH } from './held-folder.ts';

export interface OutputPlace {
  /** As it was given, for messages. */
  readonly path: string;
  /** Absolute, without links. */
  readonly directory: string;
  /** Whose the directory is. */
  readonly directoryUid: number;
  readonly name: string;
  /** What is there now. */
  readonly existing: Stats | undefined;
  /** Written into as it is: a pipe, a terminal, a device. Files are replaced. */
  readonly isStream: boolean;
}

const STICKY = 0o1000;

/** A place whose folder is held open, so that nobody puts another in its place before something is written. */
export class HeldPlace implements Disposable {
  readonly place: OutputPlace;
  readonly #folder: HeldFolder;
  readonly #isDescriptor: boolean;
  #stream: number | undefined;

  constructor(place: OutputPlace, folder: HeldFolder, isDescriptor: boolean) {
    this.place = place;
    this.#folder = folder;
    this.#isDescriptor = isDescriptor;
  }

  /** A path by which the system finds a file of the folder. */
  entry(name: string): string {
    return this.#folder.entry(name);
  }

  /** Another file in the same folder, which is held for itself. @throws NodeJS.ErrnoException */
  beside(name: string): HeldPlace | string {
    const folder = this.#folder.again();
    return checkedOrClosed(`${this.place.directory}/${name}`, {
      folder,
      name,
      isDescriptor: false,
    });
  }

  /** A path to open the stream by: what was looked at, and no file. @throws Error, in words */
  streamPath(): string {
    const { name } = this.place;
    if (this.#isDescriptor) return this.entry(name);
    this.#stream ??= openSync(this.entry(name), O_PATH | constants.O_NOFOLLOW);
    const stat = fstatSync(this.#stream);
    const why = whyOthers(this.#folder, stat);
    if (why !== undefined) throw new Error(why);
    if (!isStream(stat)) throw new Error('something else is there by now');
    return `/proc/self/fd/${this.#stream}`;
  }

  /** Gives a file of the folder the place's name. What somebody else put there meanwhile stays. */
  take(entry: string): void {
    const { name } = this.place;
    const there = lstatSync(this.entry(name), { throwIfNoEntry: false });
    const why = there && whyOthers(this.#folder, there);
    if (why !== undefined) throw new Error(why);
    renameSync(this.entry(entry), this.entry(name));
  }

  [Symbol.dispose](): void {
    if (this.#stream !== undefined) closeSync(this.#stream);
    this.#stream = undefined;
    this.#folder[Symbol.dispose]();
  }
}

/** The place, to be disposed of, or in words why nothing can be written there. Asks for nothing but to look. */
export function holdPlace(path: string): HeldPlace | string {
  const from = workingDirectory();
  if (from === undefined && !isAbsolute(path))
    return `${path} cannot be written: the working directory is gone`;
  try {
    const end = followPath(path, resolve(from ?? '/', path));
    return typeof end === 'string' ? end : checkedOrClosed(path, end);
  } catch (error) {
    return inWords(path, error);
  }
}

/** Bun's resolve() takes the folder of its own program for one that was removed. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Tries what writing will need, while there is nothing to lose. */
export function whyUnwritable(path: string): string | undefined {
  const held = holdPlace(path);
  if (typeof held === 'string') return held;
  const { name, existing, isStream } = held.place;
  try {
    if (isStream) return undefined;
    // The file's own mode counts too, although a file that is replaced needs only its folder's.
    if (existing !== undefined) accessSync(held.entry(name), constants.W_OK);
    const probe = held.entry(temporaryName(name));
    closeSync(openSync(probe, NEW_FILE, 0o600));
    unlinkSync(probe);
  } catch (error) {
    return inWords(path, error);
  } finally {
    held[Symbol.dispose]();
  }
  return undefined;
}

export const NEW_FILE =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export function temporaryName(name: string): string {
  // A name may have 255 bytes (NAME_MAX), and this adds to it.
  const kept = name.slice(0, 48);
  return `.${kept}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

function checkedOrClosed(path: string, end: Followed): HeldPlace | string {
  const { folder } = end;
  try {
    const place = checked(path, end);
    if (typeof place !== 'string') return new HeldPlace(place, folder, end.isDescriptor);
    folder[Symbol.dispose]();
    return place;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

function checked(path: string, { folder, name, isDescriptor }: Followed): OutputPlace | string {
  const { directory } = folder;
  const at = { path, directory, directoryUid: folder.status().uid, name };
  if (isDescriptor) return { ...at, existing: statSync(folder.entry(name)), isStream: true };
  const existing = lstatSync(folder.entry(name), { throwIfNoEntry: false });
  if (existing?.isDirectory()) return `${path} is a directory`;
  const why = existing && whyOthers(folder, existing);
  if (why !== undefined) return `${path} cannot be written: ${why}`;
  return { ...at, existing, isStream: existing !== undefined && isStream(existing) };
}

function isStream(stat: Stats): boolean {
  return !stat.isFile() && !stat.isDirectory() && !stat.isSymbolicLink();
}

/** The kernel's fs.protected_regular and protected_fifos say the same. */
function whyOthers(folder: HeldFolder, existing: Stats): string | undefined {
  const isEverybodys = (folder.status().mode & STICKY) !== 0;
  if (!isOfOthers(existing) || !(isEverybodys || existing.isFIFO())) return undefined;
  return `it belongs to user ${existing.uid}, and ${folder.directory} is everybody's`;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is exceeded',
  EPERM: 'the system does not allow it (an immutable file or folder?)',
  ENAMETOOLONG: 'its name is too long',
  // The folder was there: /proc, or a folder that was removed by now.
  ENOENT: 'its directory takes no new files',
  ENOTDIR: 'a part of its path is no directory',
};

export function inWords(path: string, error: unknown): string {
  return `${path} cannot be written: ${reasonOf(error)}`;
}

/** Why the system refused something of a file. */
export function reasonOf(error: unknown): string {
  const code = isSystemError(error) ? error.code : '';
  return WORDS[code] ?? (error as Error).message;
}
