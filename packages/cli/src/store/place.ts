/** Where the store of this host is unless somebody says otherwise. */

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Of root's agent /var/lib/waggle, as the FHS has it; else below the user's data (XDG Base Directory). */
export function defaultStore(): string {
  if (process.geteuid?.() === 0) return '/var/lib/waggle';
  const { XDG_DATA_HOME: data } = process.env;
  // A relative one is to be ignored.
  const folder = data?.startsWith('/') === true ? data : join(homedir(), '.local/share');
  return join(folder, 'waggle');
}
