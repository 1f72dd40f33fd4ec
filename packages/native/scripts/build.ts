// Builds libwaggle.so: libbpf, libelf and zlib (vendor/) and our own functions (src/) in one shared object
// that needs libc only. It goes to packages/ffi/prebuilt/<platform>/, where @waggle/ffi finds it, and as a text
// into src/generated/ of that package, for programs that users bundle.
//
//   bun packages/native/scripts/build.ts               for this machine, by clang (or $CLANG)
//   bun packages/native/scripts/build.ts PLATFORM...   for these, by zig ($ZIG, or PyPI's ziglang)
//   bun packages/native/scripts/build.ts all           for every platform of PLATFORMS
//
// What is newer than its sources is not compiled again.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { embedLibraries } from './embed.ts';

const native = resolve(import.meta.dir, '..');
const vendor = join(native, 'vendor');
const libraries = resolve(native, '../ffi/prebuilt');

/** What zig calls each: glibc as old as that of the oldest system that Bun and Deno run on. */
const ZIG_TARGETS = {
  'linux-x64': 'x86_64-linux-gnu.2.28',
  'linux-arm64': 'aarch64-linux-gnu.2.28',
  'linux-x64-musl': 'x86_64-linux-musl',
  'linux-arm64-musl': 'aarch64-linux-musl',
};

type Platform = keyof typeof ZIG_TARGETS;
const PLATFORMS = Object.keys(ZIG_TARGETS) as Platform[];

const COMMON = [
  '-O2',
  '-g0',
  '-fPIC',
  '-fvisibility=hidden',
  '-ffunction-sections',
  '-fdata-sections',
  '-D_GNU_SOURCE',
  '-D_LARGEFILE64_SOURCE',
  '-D_FILE_OFFSET_BITS=64',
];
const src = join(native, 'src');
const libbpf = join(vendor, 'libbpf');
const libelf = join(vendor, 'elfutils/libelf');
const zlib = join(vendor, 'zlib');
const bpfIncludes = [`${libbpf}/src`, `${libbpf}/include`, `${libbpf}/include/uapi`, libelf, zlib];
const included = (folders: readonly string[]) => folders.map((folder) => `-I${folder}`);

interface Part {
  readonly folder: string;
  readonly flags: readonly string[];
}

/** Warnings of code that is not ours are for its authors. */
const PARTS: readonly Part[] = [
  { folder: src, flags: ['-Wall', '-Wextra', '-Werror', ...included(bpfIncludes)] },
  { folder: join(libbpf, 'src'), flags: ['-w', ...included(bpfIncludes)] },
  {
    folder: libelf,
    flags: [
      '-w',
      '-std=gnu99',
      '-DHAVE_CONFIG_H',
      ...included([join(src, 'elfutils'), join(vendor, 'elfutils/lib'), libelf, zlib]),
    ],
  },
  { folder: zlib, flags: ['-w', '-DHAVE_UNISTD_H'] },
];

/** The one file of libbpf that loads objects takes the kernel's types from kernel-types.c. */
const FLAGS_OF_FILE: Readonly<Record<string, readonly string[]>> = {
  [join(libbpf, 'src/libbpf.c')]: [
    '-Dbtf__load_vmlinux_btf=waggle_load_vmlinux_btf',
    '-Dbtf__free=waggle_free_btf',
    '-Dbtf__find_by_name_kind=waggle_find_by_name_kind',
    '-include',
    join(src, 'libbpf-overrides.h'),
  ],
};

const LINK = [
  '-shared',
  '-s',
  '-Wl,--gc-sections',
  '-Wl,-z,defs',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,-soname,libwaggle.so',
  `-Wl,--version-script=${join(src, 'exports.map')}`,
];

interface Job {
  readonly source: string;
  readonly object: string;
  readonly flags: readonly string[];
}

function compilerFor(platform: Platform | undefined): readonly string[] {
  const { CLANG = 'clang', ZIG } = process.env;
  if (platform === undefined) return [CLANG];
  const zig = ZIG === undefined ? ['python3', '-m', 'ziglang'] : [ZIG];
  return [...zig, 'cc', '-target', ZIG_TARGETS[platform]];
}

/** Milliseconds of the last change of whatever may go into an object; 0 for what is not there. */
function changed(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function headersOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.h'))
    .map((name) => join(folder, name));
}

/** As @waggle/ffi looks for it: ffi/src/native/platform.ts. */
function ownPlatform(): string {
  const isMusl = /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1'));
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}

async function build(platform: string, compiler: readonly string[]): Promise<void> {
  const objects = join(native, 'build', platform);
  const library = join(libraries, platform, 'libwaggle.so');
  const common = Math.max(
    changed(import.meta.path),
    changed(join(vendor, 'README.md')),
    ...headersOf(src).map(changed),
  );
  const jobs = PARTS.flatMap(({ folder, flags }): Job[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.c'))
      .map((name) => ({
        source: join(folder, name),
        object: join(objects, `${basename(dirname(folder))}-${name.replace(/\.c$/, '.o')}`),
        flags: [...flags, ...(FLAGS_OF_FILE[join(folder, name)] ?? [])],
      })),
  );
  const stale = jobs.filter(
    ({ source, object }) => changed(object) <= Math.max(changed(source), common),
  );
  const newest = Math.max(changed(join(src, 'exports.map')), common);
  if (
    stale.length === 0 &&
    changed(library) > Math.max(newest, ...jobs.map((j) => changed(j.object)))
  )
    return;
  mkdirSync(objects, { recursive: true });
  mkdirSync(dirname(library), { recursive: true });
  await allOf(stale, ({ source, object, flags }) =>
    run([...compiler, ...COMMON, ...flags, '-c', source, '-o', object]),
  );
  // Renamed into place: a process that has the old one mapped keeps it.
  const made = `${library}.${process.pid}`;
  await run([...compiler, ...LINK, ...jobs.map(({ object }) => object), '-o', made]);
  renameSync(made, library);
}

async function allOf(jobs: readonly Job[], action: (job: Job) => Promise<void>): Promise<void> {
  const waiting = [...jobs];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await action(job);
    }),
  );
}

function run([command = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', failed);
    child.on('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`${command} ${args.join(' ')} failed`));
    });
  });
}

/** They go along with the library wherever it is published. */
const LICENCES: Readonly<Record<string, string>> = {
  'libbpf.BSD-2-Clause': 'libbpf/LICENSE.BSD-2-Clause',
  'libelf.LGPL-3.0': 'elfutils/COPYING-LGPLV3',
  'libelf.GPL-3.0': 'elfutils/COPYING',
  'zlib.Zlib': 'zlib/LICENSE',
};

function copyLicences(): void {
  const folder = join(libraries, 'LICENSES');
  mkdirSync(folder, { recursive: true });
  for (const [name, path] of Object.entries(LICENCES))
    copyFileSync(join(vendor, path), join(folder, name));
}

const asked = process.argv.slice(2);
const isPlatform = (name: string): name is Platform => PLATFORMS.some((known) => known === name);
const unknown = asked.find((name) => name !== 'all' && !isPlatform(name));
if (unknown !== undefined) {
  console.error(`no such platform: ${unknown}; there are ${PLATFORMS.join(', ')} and all`);
  process.exit(2);
}
if (asked.length === 0) await build(ownPlatform(), compilerFor(undefined));
for (const platform of asked.includes('all') ? PLATFORMS : asked.filter(isPlatform))
  await build(platform, compilerFor(platform));
copyLicences();
embedLibraries(libraries);
