/**
 * Where an output goes once its path is followed, and whether we may put something there. Root's files
 * are not to land where somebody else chose: links of others are not followed, their files not replaced.
 * Others are all but ourselves, root, and whoever called us by sudo(8), who could do as much without us.
 */

import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import process from 'node:process';
import { sudoCaller } from '@waggle/ffi';

export interface OutputPlace {
  /** As it was given, for messages. */
  readonly path: string;
  /** Absolute, without links. */
  readonly directory: string;
  readonly name: string;
  /** What is there now. */
  readonly existing: Stats | undefined;
  /** Written into as it is: a pipe, a terminal, a device. Files are replaced. */
  readonly isStream: boolean;
}

/** MAXSYMLINKS of include/linux/namei.h. */
const MAX_LINKS = 40;
const STICKY = 0o1000;

/** The place, or in words why nothing can be written there. Asks for nothing but to look. */
export function placeOf(path: string): OutputPlace | string {
  const from = workingDirectory();
  if (from === undefined && !isAbsolute(path))
    return `${path} cannot be written: the working directory is gone`;
  let at = resolve(from ?? '/', path);
  try {
    for (let links = 0; links <= MAX_LINKS; links++) {
      const followed = followLink(at);
      if (followed === undefined) return checked(path, at);
      if ('problem' in followed) return followed.problem;
      if (followed.target === undefined) return streamBehind(path, at);
      at = followed.target;
    }
    return `${path}: too many links`;
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
  const place = placeOf(path);
  if (typeof place === 'string') return place;
  try {
    if (place.isStream) return undefined;
    // The file's own mode counts too, although a file that is replaced needs only its folder's.
    if (place.existing !== undefined)
      accessSync(`${place.directory}/${place.name}`, constants.W_OK);
    const probe = `${place.directory}/${temporaryName(place.name)}`;
    closeSync(openSync(probe, NEW_FILE, 0o600));
    unlinkSync(probe);
  } catch (error) {
    return inWords(path, error);
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

/** The outermost link of a path resolved, or undefined where none is left. */
function followLink(
  path: string,
): { readonly target: string | undefined } | { readonly problem: string } | undefined {
  const parts = path.split('/').slice(1);
  for (let count = 1; count <= parts.length; count++) {
    const part = `/${parts.slice(0, count).join('/')}`;
    const stat = lstatSync(part, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) continue;
    if (isOthers(stat))
      return { problem: `${part} is a link of user ${stat.uid}, which is not followed` };
    const target = readlinkSync(part);
    // Descriptors below /proc: pipe:[123], or a file that may have no name.
    if (/^\/proc\/\d+\/(task\/\d+\/)?fd$/.test(dirname(part))) return { target: undefined };
    return { target: resolve(dirname(part), target, ...parts.slice(count)) };
  }
  return undefined;
}

function checked(path: string, at: string): OutputPlace | string {
  const directory = dirname(at);
  const existing = lstatSync(at, { throwIfNoEntry: false });
  if (existing?.isDirectory()) return `${path} is a directory`;
  const folder = lstatSync(directory, { throwIfNoEntry: false });
  if (folder === undefined) return `${path} cannot be written: there is no directory ${directory}`;
  if (!folder.isDirectory()) return `${path} cannot be written: ${directory} is no directory`;
  const isForeign = existing !== undefined && isOthers(existing);
  // The kernel's fs.protected_regular and protected_fifos say the same.
  if (isForeign && ((folder.mode & STICKY) !== 0 || existing.isFIFO()))
    return `${path} cannot be written: it belongs to user ${existing.uid}, and ${directory} is everybody's`;
  const isStream = existing !== undefined && !existing.isFile();
  return { path, directory, name: basename(at), existing, isStream };
}

function streamBehind(path: string, at: string): OutputPlace {
  return {
    path,
    directory: dirname(at),
    name: basename(at),
    existing: statSync(at),
    isStream: true,
  };
}

function isOthers({ uid }: Stats): boolean {
  const own = process.geteuid?.() ?? 0;
  return uid !== own && uid !== 0 && !(own === 0 && uid === sudoCaller()?.uid);
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
  const { code, message } = error as NodeJS.ErrnoException;
  return WORDS[code ?? ''] ?? message;
}
