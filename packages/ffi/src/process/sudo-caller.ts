/**
 * Who had root do what we do, by sudo(8). Only root's word for it counts: anybody can set the variables.
 */

export interface SudoCaller {
  readonly uid: number;
  readonly gid: number;
}

/** `undefined` where we are not root, or nobody called us by sudo. */
export function sudoCaller(): SudoCaller | undefined {
  const { SUDO_UID = '', SUDO_GID = '' } = process.env;
  if (process.geteuid?.() !== 0 || !/^\d+$/.test(SUDO_UID) || !/^\d+$/.test(SUDO_GID))
    return undefined;
  return { uid: Number(SUDO_UID), gid: Number(SUDO_GID) };
}
