// The two commands of the README in a fresh clone: Node, npm and a base system. Clang is not installed, and must not be.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expectOutput } from './packages.ts';
import { Root } from './root.ts';

const repository = resolve(import.meta.dir, '../..');

function received(): number {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n');
  return lines
    .filter((line) => line.includes(':') && !/^\s*lo:/.test(line))
    .map((line) => Number(line.split(':')[1]?.trim().split(/\s+/)[0] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
}

export async function tryClone(path: string): Promise<void> {
  const root = new Root(path);
  root.takeProgram(Bun.which('node') ?? 'node', '/usr/bin/node');
  const npm = dirname(dirname(realpathSync(Bun.which('npm') ?? 'npm')));
  root.take(npm, '/usr/lib/node_modules/npm');
  root.write(
    '/usr/bin/npm',
    '#!/bin/sh\nexec node /usr/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
  );
  await root.run(['chmod', '755', '/usr/bin/npm']);
  const cloned = Bun.spawnSync(['git', 'clone', '-q', repository, join(path, 'root/waggle')]);
  if (!cloned.success) throw new Error(`git clone: ${cloned.stderr}`);

  const before = received();
  const cwd = '/root/waggle';
  const first = await root.run(
    [
      'npm',
      'start',
      '--',
      'record',
      '-o',
      'flame.svg',
      '--',
      'sh',
      '-c',
      'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done',
    ],
    { network: true, cwd },
  );
  const megabytes = ((received() - before) / 1e6).toFixed(0);
  console.log(
    `  npm start -- record, with set-up: ${(first.took / 1000).toFixed(0)} s, ${megabytes} MB received`,
  );
  if (!existsSync(join(path, 'root/waggle/flame.svg'))) throw new Error('there is no flame.svg');
  for (const what of ['unpacking the BPF objects', 'unpacking the library'])
    if (!first.stderr.includes(what))
      throw new Error(`set-up did not say: ${what}\n${first.stderr}`);
  const unwanted = await root.unwanted();
  if (unwanted.length > 0) throw new Error(`set-up installed ${unwanted.join(', ')}`);
  const traced = await root.run(['./waggle', 'trace', '--', 'true'], { cwd });
  expectOutput('trace, without a network', traced.stdout, /exit .*code 0 after/);
  console.log(`  again: ${(traced.took / 1000).toFixed(1)} s`);
}
