// The one executable, and the Debian package with it, where there is no network.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { workload } from '../../tests/support/workloads.ts';
import { expectOutput } from './packages.ts';
import { Root } from './root.ts';

const binaries = resolve(import.meta.dir, '../../packages/cli/binary');
const PROFILES = ['folded', 'svg', 'html', 'pb.gz', 'speedscope.json', 'json', 'otlp'];
const EVENTS = ['jsonl', 'csv', 'html', 'pftrace', 'db'];

async function tryCommand(root: Root, waggle: string): Promise<void> {
  root.take(workload('call_tree_nofp'), '/root/call_tree_nofp');
  const traced = await root.run([waggle, 'trace', '--json', '--', '/bin/true']);
  expectOutput('trace', traced.stdout, /"event":"exit".*"exitCode":0/);
  const outputs = PROFILES.flatMap((extension) => ['-o', `/root/profile.${extension}`]);
  await root.run([
    ...[waggle, 'record', '-F', '499', '--unwind', 'dwarf', ...outputs],
    ...['--', '/root/call_tree_nofp', '2000'],
  ]);
  expectOutput(
    'record without frame pointers',
    readFileSync(join(root.path, 'root/profile.folded'), 'utf8'),
    /main;.*sixty/,
  );
  for (const extension of PROFILES)
    if (statSync(join(root.path, `root/profile.${extension}`)).size < 500)
      throw new Error(`profile.${extension} is empty`);
  console.log(`  ${PROFILES.length} formats of profiles: written`);
  const files = EVENTS.flatMap((extension) => ['-o', `/root/events.${extension}`]);
  await root.run([waggle, 'trace', ...files, '--', '/bin/true']);
  console.log(`  ${EVENTS.length} formats of events: written`);
}

function built(pattern: RegExp, command: string): string {
  const name = readdirSync(binaries).find((file) => pattern.test(file));
  if (name === undefined) throw new Error(`there is none in ${binaries}: ${command}`);
  return join(binaries, name);
}

export async function tryExecutable(path: string): Promise<void> {
  const root = new Root(path);
  root.take(built(/^waggle-linux-x64$/, 'npm run build:binary'), '/usr/local/bin/waggle');
  await tryCommand(root, '/usr/local/bin/waggle');
}

export async function tryDeb(path: string): Promise<void> {
  const root = new Root(path);
  root.take(built(/^waggle_.*_amd64\.deb$/, 'npm run build:deb'), '/root/waggle.deb');
  await root.run(['dpkg', '-i', '/root/waggle.deb']);
  await tryCommand(root, '/usr/bin/waggle');
  const files = await root.run(['dpkg', '-L', 'waggle']);
  // A base system leaves man pages out when it unpacks.
  expectOutput('its service', files.stdout, /\/waggle\.service$/m);
  expectOutput('its completions', files.stdout, /bash-completion\/completions\/waggle$/m);
  await root.run(['dpkg', '--purge', 'waggle']);
  const left = await root.attempt(['test', '-e', '/usr/bin/waggle']);
  if (left.code === 0) throw new Error('purging leaves /usr/bin/waggle');
  console.log('  purged: nothing is left');
}
