/**
 * Where a user's settings stand, as the XDG Base Directory Specification has it; undefined where the user has no home.
 *
 * @param env relative paths in it are not followed: they would lead to the current directory
 */

import { join } from 'node:path';

export function configFolder({
  XDG_CONFIG_HOME = '',
  HOME = '',
}: Readonly<Record<string, string | undefined>>): string | undefined {
  if (XDG_CONFIG_HOME.startsWith('/')) return join(XDG_CONFIG_HOME, 'waggle');
  return HOME.startsWith('/') ? join(HOME, '.config', 'waggle') : undefined;
}
