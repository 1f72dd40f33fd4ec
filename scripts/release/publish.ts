// `npm run release:publish`: publishes the tarballs that were packed and are not on the registry yet, those of the
// platforms before what depends on them, and tags the version.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll } from './pack.ts';

function succeeds(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }).success;
}

function run(...command: string[]): void {
  const { success } = Bun.spawnSync(command, { stdio: ['inherit', 'inherit', 'inherit'] });
  if (!success) throw new Error(`${command.join(' ')} failed`);
}

function nameAndVersion(tarball: string): string {
  const { stdout } = Bun.spawnSync(['tar', '-xzOf', tarball, 'package/package.json']);
  const { name, version } = JSON.parse(stdout.toString()) as { name: string; version: string };
  return `${name}@${version}`;
}

const folder = mkdtempSync(join(tmpdir(), 'waggle-publish-'));
try {
  for (const tarball of await packAll(folder)) {
    const what = nameAndVersion(tarball);
    if (succeeds('npm', 'view', what, 'version')) console.log(`${what} is there already`);
    else run('npm', 'publish', tarball, '--access', 'public');
  }
  run('changeset', 'tag');
} finally {
  rmSync(folder, { recursive: true });
}
