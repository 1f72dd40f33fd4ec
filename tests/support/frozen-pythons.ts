// CPython of versions that no distribution has yet, and free-threaded: the programs that freeze-core (PyPI) makes
// executables of, which are whole interpreters but for the library, with the library of an installed version.

import { chmodSync, copyFileSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { unpackWheel } from './pypi-wheels.ts';

const FOLDER = '/var/tmp/waggle-pythons';
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
/** The last one that has programs of each. */
const RELEASES: Readonly<Record<string, string>> = {
  '3.13t': '0.6.1',
  '3.14': '0.8.1',
  '3.14t': '0.8.1',
  '3.15': '0.8.1',
  '3.15t': '0.8.1',
};
/** Programs look for what they begin with by their name, up to its first dot. */
const MAIN = '__init__python3.py';
/** Those before 0.8 have nothing of their own that looks for it. */
const STARTUP = '__startup__.py';
const NOT_OF_THE_LIBRARY = new Set(['lib-dynload', 'site-packages', '__pycache__']);

export const FROZEN_VERSIONS = Object.keys(RELEASES);

/** @param library of an installed CPython, 3.13 or near it. Undefined where it is not to be had. */
export function frozenPython(version: string, library: string): string | undefined {
  const unpacked = join(FOLDER, version, 'freeze_core');
  const path = join(unpacked, `python${version}`);
  if (!existsSync(path) && !unpack(version)) return undefined;
  const bases = join(unpacked, 'bases');
  const base = readdirSync(bases).find((name) => /^console-cpython-.*-linux-gnu$/.test(name));
  if (base === undefined) return undefined;
  const own = join(unpacked, 'lib');
  for (const name of readdirSync(library))
    if (!NOT_OF_THE_LIBRARY.has(name) && !existsSync(join(own, name)))
      symlinkSync(join(library, name), join(own, name));
  const main = join(import.meta.dir, '../workloads/py_frozen_main.py');
  for (const name of [MAIN, STARTUP]) copyFileSync(main, join(own, name));
  if (!existsSync(path)) {
    copyFileSync(join(bases, base), path);
    chmodSync(path, 0o755);
  }
  return path;
}

function unpack(version: string): boolean {
  return unpackWheel(join(FOLDER, version), `freeze-core==${RELEASES[version]}`, [
    ...['--implementation', 'cp', '--python-version', version.replace('t', '')],
    ...['--abi', `cp${version.replace('.', '')}`, '--platform', `manylinux2014_${MACHINE}`],
  ]);
}
