// Wheels of PyPI that bring programs of other versions than this machine has, unpacked once outside of the tree. Where
// there is no registry they are missing, unless they were unpacked before.

import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const TIMEOUT_MS = 120_000;

/**
 * @param requirement `name==version`
 * @param options of `pip download`, for another interpreter than the one that has pip
 * @returns whether it is in `folder` now
 */
export function unpackWheel(
  folder: string,
  requirement: string,
  options: readonly string[] = [],
): boolean {
  const python = Bun.which('python3');
  if (python === null) return false;
  mkdirSync(folder, { recursive: true });
  const download = ['download', '--no-deps', '--quiet', '--only-binary', ':all:', '--dest', folder];
  Bun.spawnSync([python, '-m', 'pip', ...download, ...options, requirement], {
    timeout: TIMEOUT_MS,
  });
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return false;
  return Bun.spawnSync([python, '-m', 'zipfile', '-e', join(folder, wheel), folder]).success;
}
