/**
 * gunicorn for tests: the package of PyPI, installed once outside of the tree, for a Python of this machine. Where there is
 * no registry it is missing, unless it was installed before.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { anyPython } from './pythons.ts';

const VERSION = '23.0.0';
const FOLDER = '/var/tmp/waggle-gunicorn';
const TIMEOUT_MS = 120_000;

/** Its program; undefined where it is not to be had. */
export function gunicorn(): string | undefined {
  const path = join(FOLDER, VERSION, 'bin/gunicorn');
  if (existsSync(path)) return path;
  const python = anyPython();
  if (python === undefined) return undefined;
  const folder = join(FOLDER, VERSION);
  const options = { timeout: TIMEOUT_MS };
  if (Bun.spawnSync([python, '-m', 'venv', folder], options).exitCode !== 0) return undefined;
  const install = ['-m', 'pip', 'install', '--quiet', `gunicorn==${VERSION}`];
  Bun.spawnSync([join(folder, 'bin/python'), ...install], options);
  return existsSync(path) ? path : undefined;
}
