/**
 * Users by name and by number, from /etc/passwd alone: no name service is asked, which could take its time for
 * each of them, or never answer. The file is read once, and no more than a megabyte of it.
 */

import { closeSync, openSync, readSync } from 'node:fs';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

const MAX_BYTES = 1024 * 1024;

export class Users {
  readonly #byUid = new Map<number, User>();
  readonly #byName = new Map<string, User>();

  /** @param passwd the text of passwd(5); lines that are none are left out */
  constructor(passwd: string) {
    for (const line of passwd.split('\n')) {
      const [name = '', , uid = '', gid = '', , home = '', shell = ''] = line.split(':');
      if (name === '' || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
      const user = { name, uid: Number(uid), gid: Number(gid), home, shell };
      // The first of several names is the one that getpwuid(3) gives.
      if (!this.#byUid.has(user.uid)) this.#byUid.set(user.uid, user);
      if (!this.#byName.has(name)) this.#byName.set(name, user);
    }
  }

  byUid(uid: number): User | undefined {
    return this.#byUid.get(uid);
  }

  byName(name: string): User | undefined {
    return this.#byName.get(name);
  }
}

let users: Users | undefined;

/** Those of this host; none where the file cannot be read. */
export function hostUsers(): Users {
  users ??= new Users(beginningOf('/etc/passwd'));
  return users;
}

/** The supplementary groups of a user, by group(5), its own included. */
export function groupsOf(
  { name, gid }: User,
  group = beginningOf('/etc/group'),
): readonly number[] {
  const groups = new Set([gid]);
  for (const line of group.split('\n')) {
    const [, , id = '', members = ''] = line.split(':');
    if (/^\d+$/.test(id) && members.split(',').includes(name)) groups.add(Number(id));
  }
  return [...groups];
}

/** Whole lines of it. */
function beginningOf(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MAX_BYTES);
      let length = 0;
      for (let count = -1; count !== 0 && length < MAX_BYTES; length += count)
        count = readSync(fd, bytes, length, MAX_BYTES - length, null);
      const text = bytes.toString('utf8', 0, length);
      return length < MAX_BYTES ? text : text.slice(0, text.lastIndexOf('\n') + 1);
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
