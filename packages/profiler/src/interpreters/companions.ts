/**
 * Files that a command will load without saying so in its own: an interpreter in a library that its launcher opens.
 */

import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** By the launcher's name: where the library is, from the folder that the launcher is in. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  java: [
    '../lib/server/libjvm.so',
    '../lib/amd64/server/libjvm.so',
    '../jre/lib/amd64/server/libjvm.so',
  ],
};

/** Those that may be there. */
export function companionsOf(path: string): readonly string[] {
  const libraries = LIBRARIES[path.slice(path.lastIndexOf('/') + 1)];
  if (libraries === undefined) return [];
  try {
    const folder = dirname(realpathSync(path));
    return libraries.map((library) => join(folder, library));
  } catch {
    return [];
  }
}
