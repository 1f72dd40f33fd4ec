/** The token of a run: made anew, or that of a file, which is the same after a restart. */

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { isSystemError } from '@waggle/symbols/system-error';
import { reasonOf } from '../../profile-files/output-place.ts';

/** 256 bits, as URLs take them. */
const BYTES = 32;
const MIN_LENGTH = 16;
const MAX_FILE_BYTES = 4096;

const newToken = (): string => randomBytes(BYTES).toString('base64url');

type FoundToken = { readonly token: string } | { readonly problem: string };

/** @param path of its file; a new token without it */
export function tokenFor(path: string | undefined): FoundToken {
  return path === undefined ? { token: newToken() } : tokenOf(path);
}

/**
 * Made with mode 0600 where it is not there.
 * @returns the token, or in words why there is none
 */
export function tokenOf(path: string): FoundToken {
  try {
    return { token: createdToken(path) };
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST')
      return { problem: `the token file ${path} cannot be made: ${reasonOf(error)}` };
  }
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (!status.isFile() || status.size > MAX_FILE_BYTES)
      return {
        problem: `${path} is no file of a token: give a regular file that has nothing else`,
      };
    if ((status.mode & 0o077) !== 0)
      return {
        problem: `others may read ${path}, and with it everything that waggle serves: chmod 600 it`,
      };
    const token = readFileSync(file, 'utf8').trim();
    if (!/^[\x21-\x7e]+$/.test(token) || token.length < MIN_LENGTH)
      return {
        problem: `${path} has no token: one line of at least ${MIN_LENGTH} letters and digits; remove the file, and waggle makes one`,
      };
    return { token };
  } catch (error) {
    return { problem: `the token file ${path} cannot be read: ${reasonOf(error)}` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Nobody else's file or link is written to. */
function createdToken(path: string): string {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = openSync(path, flags, 0o600);
  try {
    const token = newToken();
    writeFileSync(file, `${token}\n`);
    return token;
  } finally {
    closeSync(file);
  }
}
