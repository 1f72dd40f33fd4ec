// The licences of what is in the library: they go along with it wherever it is published.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const LICENCES: Readonly<Record<string, string>> = {
  'libbpf.BSD-2-Clause': 'libbpf/LICENSE.BSD-2-Clause',
  'libelf.LGPL-3.0': 'elfutils/COPYING-LGPLV3',
  'libelf.GPL-3.0': 'elfutils/COPYING',
  'zlib.Zlib': 'zlib/LICENSE',
};

/** @param libraries the folder of the libraries, where LICENSES/ is to be */
export function copyLicences(libraries: string): void {
  const vendor = resolve(import.meta.dir, '../vendor');
  const folder = join(libraries, 'LICENSES');
  mkdirSync(folder, { recursive: true });
  for (const [name, path] of Object.entries(LICENCES))
    copyFileSync(join(vendor, path), join(folder, name));
}
