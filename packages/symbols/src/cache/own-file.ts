/**
 * Files that only we write and only we read again: below a directory of our own, whole by rename, and
 * not believed when anybody else could have written them.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isSystemError } from '../system-error.ts';

/** Of a file that is still being written, or was left by a run that was killed in the middle. */
export const TEMPORARY = '.tmp';
const HOUR_MS = 3_600_000;

/** Makes the directory; whether it is ours, so that nobody else can put files there. */
export function makeOwnDirectory(path: string): boolean {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  return stat.isDirectory() && isOurs(stat);
}

/**
 * The bytes of a file of ours of at most `maxBytes`; undefined for what is none. Its time of last use
 * is its modification time, exact to the hour. Throws the system's error.
 */
export function readOwnFile(path: string, maxBytes: number): Uint8Array | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || !isOurs(stat) || stat.size > maxBytes) return undefined;
    const bytes = new Uint8Array(stat.size);
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, done);
      if (got === 0) return undefined;
      done += got;
    }
    const now = Date.now();
    if (now - stat.mtimeMs > HOUR_MS) futimesSync(fd, now / 1000, now / 1000);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Writes a file, whole or not at all. Throws the system's error. */
export function writeOwnFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomBytes(8).toString('hex')}${TEMPORARY}`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
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

/** Ours, and written by nobody else. */
function isOurs(stat: { readonly uid: number; readonly mode: number }): boolean {
  return stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0;
}
