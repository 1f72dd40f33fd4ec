/**
 * Files that only we write and only we read again: whole by rename, and not believed when anybody
 * else could have put or changed them. Whoever can do that decides what names are shown and how
 * stacks are unwound, and waggle often runs as root. Every cache on disk goes through here.
 */
import {
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cryptography } from '../crypto.ts';
import { closeFile, openFile } from '../descriptors.ts';
import { isSystemError } from '../system-error.ts';

/** Of a file that is still being written, or was left by a run that was killed in the middle. */
const TEMPORARY = '.tmp';
const HOUR_MS = 3_600_000;
const ROOT = 0;
/** S_IWGRP, S_IWOTH and S_ISVTX of inode(7). */
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Makes a directory of ours if there is none; whether it can be trusted.
 * @throws NodeJS.ErrnoException
 */
function makePrivateDirectory(path: string): boolean {
  // Nothing is made in a place that somebody else can change, such as another user's home.
  if (!isSafePlace(nearestExisting(dirname(path)))) return false;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return isPrivateDirectory(path);
}

/** Whether only we can put files into a directory, and only we or root can put another in its place. */
function isPrivateDirectory(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isDirectory() && isOurs(stat) && isSafePlace(dirname(resolve(path)));
}

/** An open file of ours, to be closed. */
export interface PrivateFile {
  readonly fd: number;
  readonly size: number;
}

/**
 * The bytes of a file of ours of at most `maxBytes`. Its time of last use is its modification time,
 * exact to the hour. `untrusted` is something else in its place: a link, or what others may have
 * written. `absent` is no file, one that cannot be read, and every file in a directory that is not
 * ours.
 */
export function readPrivateFile(
  path: string,
  maxBytes: number,
): Uint8Array | 'absent' | 'untrusted' {
  const file = openPrivateFile(path, maxBytes);
  return typeof file === 'string' ? file : readWhole(file);
}

/** All of an open file, which is closed then. */
export function readWhole({ fd, size }: PrivateFile): Uint8Array | 'absent' | 'untrusted' {
  try {
    return readPart(fd, 0, size) ?? 'untrusted';
  } catch (error) {
    if (isSystemError(error)) return 'absent';
    throw error;
  } finally {
    closeFile(fd);
  }
}

/** The same for who reads parts of it, with the same answers where there is none. */
export function openPrivateFile(
  path: string,
  maxBytes: number,
): PrivateFile | 'absent' | 'untrusted' {
  try {
    return isPrivateDirectory(dirname(path)) ? openOurs(path, maxBytes) : 'absent';
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code === 'ELOOP' ? 'untrusted' : 'absent';
  }
}

/** `length` bytes, or undefined where the file ends before. @throws NodeJS.ErrnoException */
export function readPart(fd: number, from: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, length - done, from + done);
    if (got === 0) return undefined;
    done += got;
  }
  return bytes;
}

function openOurs(path: string, maxBytes: number): PrivateFile | 'untrusted' {
  const fd = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let isKept = false;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || !isOurs(stat) || stat.size > maxBytes) return 'untrusted';
    const now = Date.now();
    if (now - stat.mtimeMs > HOUR_MS) futimesSync(fd, now / 1000, now / 1000);
    isKept = true;
    return { fd, size: stat.size };
  } finally {
    if (!isKept) closeFile(fd);
  }
}

/**
 * Writes a file, whole or not at all, and makes its directory; false where that is not ours.
 * @throws NodeJS.ErrnoException
 */
export function writePrivateFile(path: string, bytes: Uint8Array): boolean {
  if (!makePrivateDirectory(dirname(path))) return false;
  const temporary = `${path}.${cryptography().randomBytes(8).toString('hex')}${TEMPORARY}`;
  const fd = openFile(temporary, 'wx', 0o600);
  try {
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
    } finally {
      closeFile(fd);
    }
    renameSync(temporary, path);
    return true;
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

/** Another run may have been quicker. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Whether a directory of ours could be made at this path: nothing above it is another user's. */
export function isOurPlace(path: string): boolean {
  try {
    return isSafePlace(nearestExisting(path));
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

interface Owned {
  readonly uid: number;
  readonly mode: number;
}

/** Ours, and written by nobody else. */
function isOurs(stat: Owned): boolean {
  return stat.uid === process.geteuid?.() && (stat.mode & OTHERS_MAY_WRITE) === 0;
}

/**
 * Whether nobody but us and root can rename what is in a directory: each one up to the root belongs
 * to us or to root, and others may write there only if it is sticky, as /tmp is.
 */
function isSafePlace(path: string): boolean {
  let at = realpathSync(path);
  for (;;) {
    const { uid, mode } = lstatSync(at);
    if (uid !== ROOT && uid !== process.geteuid?.()) return false;
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0) return false;
    const parent = dirname(at);
    if (parent === at) return true;
    at = parent;
  }
}

/** The path itself or, where there is nothing yet, the nearest directory above it. */
function nearestExisting(path: string): string {
  let at = resolve(path);
  while (statSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
  return at;
}
