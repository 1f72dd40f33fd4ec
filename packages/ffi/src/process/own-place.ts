/**
 * Whether somebody else could put something else at a path. Others are all but ourselves, root, and whoever
 * called us by sudo(8), who could do as much without us.
 */

import { lstatSync, mkdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../errors/errno-of.ts';
import { sudoCaller } from './sudo-caller.ts';

/** S_IWGRP, S_IWOTH and S_ISVTX of inode(7). */
const GROUP_MAY_WRITE = 0o020;
const ALL_MAY_WRITE = 0o002;
const STICKY = 0o1000;
/** MAXSYMLINKS of include/linux/namei.h. */
const MAX_LINKS = 40;
const OF_PROCESS = /^\/proc\/(\d+)(?:\/task\/\d+)?\/(?:root|cwd)$/;

/** A file or folder on the way that is not ours alone, and why: `belongs to user 7`. */
export interface ForeignPlace {
  readonly at: string;
  readonly why: string;
}

/** Whether it is somebody else's. */
export function isOfOthers({ uid }: Pick<Stats, 'uid'>): boolean {
  const own = process.geteuid?.() ?? 0;
  return uid !== own && uid !== 0 && !(own === 0 && uid === sudoCaller()?.uid);
}

/**
 * Why others could rename, remove or replace what we have in a folder, in words; undefined where nobody can. In a
 * sticky one (/tmp) everybody may put files of their own, and what is ours stays.
 *
 * @param isGroupTrusted whether our own group, and root's, are no others: a user's own is that of all his folders.
 */
export function whyOthersMayReplace(
  folder: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  isGroupTrusted = false,
): string | undefined {
  const { gid, mode } = folder;
  if (isOfOthers(folder)) return `belongs to user ${folder.uid}`;
  const isOurGroup = isGroupTrusted && (gid === 0 || gid === process.getegid?.());
  const writable = mode & (isOurGroup ? ALL_MAY_WRITE : GROUP_MAY_WRITE | ALL_MAY_WRITE);
  return writable === 0 || (mode & STICKY) !== 0 ? undefined : 'may be written to by others';
}

/**
 * What on the way to a folder, links included, lets somebody else put another in its place; undefined where nothing
 * does. What is not there yet is nobody's.
 *
 * @throws NodeJS.ErrnoException
 */
export function foreignOnTheWay(absolute: string): ForeignPlace | undefined {
  let at = '';
  let links = 0;
  const pending = absolute.split('/').reverse();
  for (;;) {
    const folder = lstatSync(at || '/');
    const why = whyOthersMayReplace(folder);
    if (why !== undefined) return { at: at || '/', why };
    let name = pending.pop();
    while (name === '' || name === '.') name = pending.pop();
    if (name === undefined) return undefined;
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${name}`;
    const stat = lstatSync(next, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      // A file, and what would have to be below it, is for others to say.
      if (!stat.isDirectory()) return undefined;
      at = next;
      continue;
    }
    if (isOfOthers(stat)) return { at: next, why: `is a link of user ${stat.uid}` };
    const [, pid] = OF_PROCESS.exec(next) ?? [];
    // Its text is that of another root: what is there is not what we look at.
    if (pid !== undefined && pid !== String(process.pid))
      return { at: next, why: `leads to where process ${pid} is` };
    if (++links > MAX_LINKS) return { at: next, why: 'is one of too many links' };
    const target = readlinkSync(next);
    if (target.startsWith('/')) at = '';
    pending.push(...target.split('/').reverse());
  }
}

/**
 * Makes a folder (mode 0700), and those above, where they are not there. Answers what lets somebody else put
 * something into it, or another folder or link in the place of one on the way; then nothing was made there.
 *
 * @throws NodeJS.ErrnoException
 */
export function makeOwnFolder(absolute: string): ForeignPlace | undefined {
  const foreign = foreignOnTheWay(absolute) ?? makeFolders(absolute);
  if (foreign !== undefined) return foreign;
  // Everybody may put a file of any name into a sticky one.
  return (statSync(absolute).mode & (GROUP_MAY_WRITE | ALL_MAY_WRITE)) === 0
    ? undefined
    : { at: absolute, why: 'may be written to by others' };
}

function makeFolders(folder: string): ForeignPlace | undefined {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
    const foreign = makeFolders(dirname(folder));
    if (foreign !== undefined) return foreign;
    try {
      mkdirSync(folder, 0o700);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  // What came there meanwhile is not gone through.
  return foreignOnTheWay(folder);
}
