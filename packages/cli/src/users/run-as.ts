/** The user who runs the command behind `--`, where that is another than ours: `--as USER`. */

import type { CommandUser } from '@waggle/core/session';
import { groupsOf, type User } from './passwd.ts';

/** What login(1) sets, and nothing else: the rest of the environment is the command's as it would be. */
export function runAs(user: User | undefined): CommandUser | undefined {
  if (user === undefined) return undefined;
  const { name, uid, gid, home, shell } = user;
  const environment = [
    ...[`HOME=${home}`, `USER=${name}`, `LOGNAME=${name}`],
    `SHELL=${shell === '' ? '/bin/sh' : shell}`,
  ];
  return { uid, gid, groups: groupsOf(user), environment };
}

/** For somebody who runs a command by sudo, which then runs as root; undefined where there is nothing to say. */
export function asHint(command: readonly string[], as: User | undefined): string | undefined {
  const { SUDO_USER = '' } = process.env;
  if (command.length === 0 || as !== undefined || process.geteuid?.() !== 0) return undefined;
  if (SUDO_USER === '' || SUDO_USER === 'root' || !/^[\w.-]+\$?$/.test(SUDO_USER)) return undefined;
  return `hint: the command runs as root; --as ${SUDO_USER} runs it as you`;
}
