// Versions of Node.js for tests: npm's packages of its programs, one of each version that is walked, installed once
// outside of the tree. Where there is no registry they are missing, unless they were installed before.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Node {
  /** `24`. */
  readonly version: string;
  /** Its program; undefined where it is not to be had. */
  readonly path: string | undefined;
}

const VERSIONS = ['18.20.8', '20.20.2', '22.23.5', '24.22.3'];
const PACKAGE = `node-linux-${process.arch}`;
const FOLDER = '/var/tmp/waggle-nodes';
const TIMEOUT_MS = 120_000;

/** Each version, whether it is here or not. */
export function nodes(): readonly Node[] {
  return VERSIONS.map((version) => ({
    version: version.slice(0, version.indexOf('.')),
    path: installed(version),
  }));
}

function installed(version: string): string | undefined {
  const folder = join(FOLDER, version);
  const path = join(folder, 'node_modules', PACKAGE, 'bin', 'node');
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const command = ['npm', 'install', '--prefix', folder, '--ignore-scripts', '--no-audit'];
  if (Bun.which('npm') === null) return undefined;
  Bun.spawnSync([...command, `${PACKAGE}@${version}`], { timeout: TIMEOUT_MS });
  return existsSync(path) ? path : undefined;
}
