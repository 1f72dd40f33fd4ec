// A root with musl and no glibc: Debian's musl, Bun as it is built for it with the C++ library that a wheel of PyPI has
// for musl, and a static busybox. The library for musl has to be built: packages/native/scripts/build.ts linux-x64-musl

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll } from '../release/pack.ts';
import { serveTarballs } from '../release/registry.ts';
import { expectOutput } from './packages.ts';
import { Root } from './root.ts';

const PROGRAM = `
import { createAgent } from '@waggle/core';
const agent = await createAgent({ command: ['/bin/true'], profile: { frequencyHz: 499 } });
for await (const event of agent.events)
  if (event.event === 'exec' || event.event === 'exit') console.log(event.event);
const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
console.log(/native-linux-x64-musl\\/libwaggle\\.so/.test(maps) ? 'by the library for musl' : maps);
`;

function run(cwd: string, ...command: string[]): void {
  const child = Bun.spawnSync(command, { cwd, stdin: 'ignore' });
  if (!child.success) throw new Error(`${command.join(' ')}: ${child.stderr}`);
}

function only(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`there is no ${pattern} in ${folder}`);
  return join(folder, name);
}

/** That of Debian 13: Bun and zig want musl 1.2.5, and older releases have 1.2.3. */
function downloadMusl(work: string): void {
  const apt = join(work, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, name), { recursive: true });
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const source = `deb [signed-by=${key}] http://deb.debian.org/debian trixie main\n`;
  writeFileSync(join(apt, 'sources.list'), source);
  const options = [
    `Dir::Etc::SourceList=${apt}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${apt}/lists`,
    `Dir::Cache=${apt}/cache`,
  ].flatMap((option) => ['-o', option]);
  run(work, 'apt-get', '-qq', ...options, 'update');
  run(work, 'apt-get', '-qq', ...options, 'download', 'musl');
}

/** What is needed is fetched by the clients of the registries. */
function muslRoot(path: string, work: string): Root {
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'root', 'bin', 'opt/runtimes'])
    mkdirSync(join(path, name), { recursive: true });
  run(work, 'apt-get', 'download', 'busybox-static');
  downloadMusl(work);
  for (const name of ['musl', 'busybox-static'])
    run(work, 'dpkg-deb', '-x', only(work, new RegExp(`^${name}_.*\\.deb$`)), join(work, name));
  // With its links, which lead to places in that root.
  mkdirSync(join(path, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(path, 'lib'));
  run(work, 'cp', '-a', `${join(work, 'musl')}/.`, path);
  run(work, 'npm', 'pack', '--silent', `@oven/bun-linux-x64-musl@${Bun.version}`);
  run(work, 'tar', '-xzf', only(work, /^oven-bun-.*\.tgz$/));
  cpSync(join(work, 'package/bin/bun'), join(path, 'opt/runtimes/bun'));
  run(
    work,
    ...['python3', '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:'],
    ...['--platform', 'musllinux_1_2_x86_64', '--python-version', '3.12', 'numpy'],
  );
  run(work, 'python3', '-m', 'zipfile', '-e', only(work, /^numpy-.*\.whl$/), join(work, 'wheel'));
  const libraries = join(work, 'wheel/numpy.libs');
  // Where Debian's musl looks: /etc/ld-musl-x86_64.path.
  const lib = join(path, 'lib/x86_64-linux-musl');
  for (const name of readdirSync(libraries)) cpSync(join(libraries, name), join(lib, name));
  cpSync(only(libraries, /^libstdc\+\+/), join(lib, 'libstdc++.so.6'));
  const busybox = ['bin/busybox', 'usr/bin/busybox']
    .map((name) => join(work, 'busybox-static', name))
    .find((file) => existsSync(file));
  if (busybox === undefined) throw new Error('the package busybox-static has no busybox');
  cpSync(busybox, join(path, 'bin/busybox'));
  for (const name of ['sh', 'true', 'ls', 'du', 'mount'])
    symlinkSync('busybox', join(path, 'bin', name));
  return new Root(path);
}

export async function tryMusl(path: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'waggle-musl-'));
  try {
    const root = muslRoot(path, work);
    const packs = join(work, 'packs');
    await packAll(packs, ['linux-x64', 'linux-x64-musl']);
    using registry = serveTarballs(packs);
    for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt'])
      if (existsSync(file)) root.take(file);
    root.write('/root/agent/package.json', '{ "private": true, "type": "module" }');
    root.write('/root/agent/.npmrc', `@waggle:registry=${registry.url}\n`);
    root.write('/root/agent/program.ts', PROGRAM);
    const cwd = '/root/agent';
    await root.run(['bun', 'add', '@waggle/core', 'effect'], { network: true, cwd });
    const native = readdirSync(join(path, 'root/agent/node_modules/@waggle')).filter((name) =>
      name.startsWith('native-'),
    );
    console.log(`  bun add chose ${native.join(', ')}`);
    const ran = await root.run(['bun', 'run', 'program.ts'], { cwd });
    expectOutput('an agent on musl', ran.stdout, /^exec\nexit\nby the library for musl$/m);
  } finally {
    rmSync(work, { recursive: true });
  }
}
