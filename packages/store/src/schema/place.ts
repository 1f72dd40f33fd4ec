/**
 * Where a store may be. It has the arguments of everybody's programs, and root writes it for months: a folder that
 * somebody else can change would have root write, rename and read wherever that one likes. SQLite waits for the other
 * end of a FIFO for ever, so that what is opened has to be a file.
 */

import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sudoCaller } from '@waggle/ffi';
import { StoreError } from '../errors.ts';

/** S_IWGRP, S_IWOTH and S_ISVTX of inode(7). */
const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;
/** Of a database in WAL mode, beside itself. */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * Whether only we, root and who called us by sudo(8) can put something there, or another folder in its place.
 *
 * @throws StoreError `unwritable`, the system's error
 */
export function checkOwnPlace(directory: string): void {
  const folder = resolve(directory);
  const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  let at = realpathSync(isThere ? folder : nearestExisting(folder));
  // /tmp is everybody's, and what somebody has there is theirs alone.
  let mayBeSticky = !isThere;
  for (;;) {
    const why = whyChangeable(lstatSync(at), mayBeSticky);
    if (why !== undefined)
      throw new StoreError(
        'unwritable',
        `no store can be kept in ${directory}: ${at} ${why}, who could put anything there; give a folder of your own (--store DIR)`,
      );
    const parent = dirname(at);
    if (parent === at) return;
    mayBeSticky = true;
    at = parent;
  }
}

function whyChangeable({ uid, mode }: Stats, mayBeSticky: boolean): string | undefined {
  const own = process.geteuid?.() ?? 0;
  if (uid !== 0 && uid !== own && !(own === 0 && uid === sudoCaller()?.uid))
    return `belongs to user ${uid}`;
  if ((mode & OTHERS_MAY_WRITE) === 0 || (mayBeSticky && (mode & STICKY) !== 0)) return undefined;
  return 'may be written to by others';
}

/** @throws StoreError `missing` where one of the database's files is there, and is none */
export function checkIsFile(directory: string, name: string): void {
  for (const suffix of SUFFIXES) {
    const path = join(directory, name + suffix);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile())
      throw new StoreError('missing', `${path} is no file: this is no store of a waggle agent`);
  }
}

function nearestExisting(path: string): string {
  let at = path;
  while (statSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
  return at;
}
