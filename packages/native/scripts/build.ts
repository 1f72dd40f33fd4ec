// Builds libwaggle.so: libbpf, libelf and zlib (vendor/) and our own functions (src/) in one shared object
// that needs libc only. It goes to packages/ffi/prebuilt/<platform>/, where @waggle/ffi finds it, and as a text
// into src/generated/ of that package, for programs that users bundle.
//
//   bun packages/native/scripts/build.ts               for this machine, by clang (or $CLANG)
//   bun packages/native/scripts/build.ts PLATFORM...   for these, by zig ($ZIG, or PyPI's ziglang)
//   bun packages/native/scripts/build.ts all           for every platform of PLATFORMS
//   ... --out FOLDER                                   there, in place of prebuilt/ of @waggle/ffi
//
// Beside it stands libwaggle-system.so: our own functions alone, linked to the system's libbpf.so.1, for
// WAGGLE_LIBBPF=system.
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
import { parseArgs } from 'node:util';
import { embedLibraries } from './embed.ts';
import { copyLicences } from './licences.ts';
import { PLATFORMS, type Platform, ZIG_TARGETS } from './platforms.ts';

const native = resolve(import.meta.dir, '..');
const vendor = join(native, 'vendor');
const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' } },
});
const libraries = resolve(options.out ?? resolve(native, '../ffi/prebuilt'));

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
  // Where the sources lie makes no difference.
  `-ffile-prefix-map=${native}=.`,
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

/** Ours, with what reaches into libbpf left out. */
const SYSTEM_PARTS: readonly Part[] = [src, join(src, 'system')].map((folder) => ({
  folder,
  flags: [
    ...['-Wall', '-Wextra', '-Werror', '-DWAGGLE_SYSTEM_LIBBPF'],
    ...included([...bpfIncludes, src]),
  ],
}));
const NOT_OF_SYSTEM = join(src, 'kernel-types.c');

const LINK = ['-shared', '-s', '-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now'];

interface Job {
  readonly source: string;
  readonly object: string;
  readonly flags: readonly string[];
}

interface Compiler {
  readonly name: 'clang' | 'zig';
  readonly command: readonly string[];
}

function compilerFor(platform: Platform | undefined): Compiler {
  const { CLANG = 'clang', ZIG } = process.env;
  if (platform === undefined) return { name: 'clang', command: [CLANG] };
  const zig = ZIG === undefined ? ['python3', '-m', 'ziglang'] : [ZIG];
  return { name: 'zig', command: [...zig, 'cc', '-target', ZIG_TARGETS[platform]] };
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

interface Library {
  readonly name: string;
  readonly parts: readonly Part[];
  /** Added to the objects' names, since both libraries have some of the same sources. */
  readonly prefix: string;
  readonly link: (objects: string) => Promise<readonly string[]>;
}

function librariesOf({ command }: Compiler): readonly Library[] {
  return [
    {
      name: 'libwaggle.so',
      parts: PARTS,
      prefix: '',
      link: async () => [
        '-Wl,-z,defs',
        '-Wl,-soname,libwaggle.so',
        `-Wl,--version-script=${join(src, 'exports.map')}`,
      ],
    },
    {
      name: 'libwaggle-system.so',
      parts: SYSTEM_PARTS,
      prefix: 'system-',
      // What is linked to has the name alone: libbpf itself is that of the machine where it runs.
      link: async (objects) => {
        const standIn = join(objects, 'libbpf.so.1');
        await run([
          ...command,
          ...['-shared', '-nostdlib', '-s', '-Wl,-soname,libbpf.so.1', '-x', 'c', '/dev/null'],
          ...['-o', standIn],
        ]);
        return [
          '-Wl,-soname,libwaggle-system.so',
          ...['-Wl,-z,undefs', '-Wl,--no-as-needed', standIn],
        ];
      },
    },
  ];
}

async function build(platform: string, compiler: Compiler): Promise<void> {
  for (const library of librariesOf(compiler)) await buildLibrary(platform, compiler, library);
}

async function buildLibrary(
  platform: string,
  { name: compiler, command }: Compiler,
  { name, parts, prefix, link }: Library,
): Promise<void> {
  // By compiler too: what clang has made for this machine is not what zig makes for an older one.
  const objects = join(native, 'build', compiler, platform);
  const library = join(objects, name);
  const common = Math.max(
    changed(import.meta.path),
    changed(join(vendor, 'README.md')),
    ...headersOf(src).map(changed),
  );
  const jobs = parts.flatMap(({ folder, flags }): Job[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.c'))
      .filter((name) => prefix === '' || join(folder, name) !== NOT_OF_SYSTEM)
      .map((name) => ({
        source: join(folder, name),
        object: join(
          objects,
          `${prefix}${basename(dirname(folder))}-${name.replace(/\.c$/, '.o')}`,
        ),
        flags: [...flags, ...(FLAGS_OF_FILE[join(folder, name)] ?? [])],
      })),
  );
  const stale = jobs.filter(
    ({ source, object }) => changed(object) <= Math.max(changed(source), common),
  );
  const newest = Math.max(changed(join(src, 'exports.map')), common);
  const isLinked =
    stale.length === 0 &&
    changed(library) > Math.max(newest, ...jobs.map((j) => changed(j.object)));
  if (!isLinked) {
    mkdirSync(objects, { recursive: true });
    await allOf(stale, ({ source, object, flags }) =>
      run([...command, ...COMMON, ...flags, '-c', source, '-o', object]),
    );
    const linked = await link(objects);
    await run([
      ...[...command, ...LINK, ...jobs.map(({ object }) => object), ...linked],
      ...['-o', library],
    ]);
  }
  putInPlace(library, join(libraries, platform, name));
}

/** Whether it is newer than all of its sources, by whichever compiler: a release has zig's, a clone perhaps that of git. */
function isThere(platform: string): boolean {
  const sources = [...PARTS, ...SYSTEM_PARTS]
    .flatMap(({ folder }) => readdirSync(folder).map((name) => join(folder, name)))
    .concat(join(src, 'elfutils/config.h'), join(vendor, 'README.md'), import.meta.path);
  const newest = Math.max(...sources.map(changed));
  return ['libwaggle.so', 'libwaggle-system.so'].every(
    (name) => changed(join(libraries, platform, name)) > newest,
  );
}

/** Renamed into place: a process that has the old one mapped keeps it. */
function putInPlace(built: string, library: string): void {
  if (existsSync(library) && readFileSync(library).equals(readFileSync(built))) return;
  mkdirSync(dirname(library), { recursive: true });
  const made = `${library}.${process.pid}`;
  copyFileSync(built, made);
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

const isPlatform = (name: string): name is Platform => PLATFORMS.some((known) => known === name);
const unknown = asked.find((name) => name !== 'all' && !isPlatform(name));
if (unknown !== undefined) {
  console.error(`no such platform: ${unknown}; there are ${PLATFORMS.join(', ')} and all`);
  process.exit(2);
}
if (asked.length === 0 && !isThere(ownPlatform()))
  await build(ownPlatform(), compilerFor(undefined));
for (const platform of asked.includes('all') ? PLATFORMS : asked.filter(isPlatform))
  await build(platform, compilerFor(platform));
copyLicences(libraries);
if (options.out === undefined) embedLibraries(libraries);
