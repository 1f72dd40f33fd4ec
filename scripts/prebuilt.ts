// What a clone needs no compiler for: prebuilt/ has the BPF objects, and our library for glibc on x86_64 and aarch64,
// with a digest of the C sources that they were built from. Set-up takes them where these sources are unchanged.
//
//   bun scripts/prebuilt.ts write       from what is built now, and the libraries by zig: npm run prebuilt
//   bun scripts/prebuilt.ts unpack bpf|native
//   bun scripts/prebuilt.ts unpack native PLATFORM    beside that of this machine, for an executable of PLATFORM
//   bun scripts/prebuilt.ts check       that they are what the sources build: a part of npm run check
//
// A file is the contents of all, one after the other, packed by brotli: `index.json` says whose, and how long.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { ARCHITECTURES, compileObject, compiler } from '../packages/bpf/src/build/compile.ts';
import { embedLibraries } from '../packages/native/scripts/embed.ts';
import { copyLicences } from '../packages/native/scripts/licences.ts';
import { ZIG_VERSION } from '../packages/native/scripts/platforms.ts';

const root = resolve(import.meta.dir, '..');
const folder = join(root, 'prebuilt');
const indexFile = join(folder, 'index.json');
const objects = join(root, 'packages/bpf/dist');
const libraries = join(root, 'packages/ffi/prebuilt');
const PLATFORMS = ['linux-x64', 'linux-arm64'] as const;
const LIBRARIES = ['libwaggle.so', 'libwaggle-system.so'] as const;
/** Each edit of C adds so much to the history at most. */
const MAX_BYTES = 760_000;

type Part = 'bpf' | 'native';
const PARTS: readonly Part[] = ['bpf', 'native'];

interface Entry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

interface Index {
  /** By which compiler: others make other bytes of the same sources. */
  readonly compiler: Readonly<Record<Part, string>>;
  /** By packed file: path and length of each file in it. */
  readonly files: Readonly<Record<string, readonly (readonly [path: string, length: number])[]>>;
}

function run(...command: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(command, { cwd: root, stdin: 'ignore' });
  if (!success) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  return stdout.toString().trim();
}

function digestOf(part: Part): string {
  const script = `root=${root}; . "$root/scripts/setup-prebuilt.sh"; prebuilt_digest ${part}`;
  return run('sh', '-c', script);
}

function clangVersion(): string {
  return run(compiler(), '--version').split('\n')[0] ?? '';
}

function builtObjects(from: string): Entry[] {
  return ARCHITECTURES.flatMap(({ name: architecture }) =>
    readdirSync(join(from, architecture))
      .filter((name) => name.endsWith('.bpf.o'))
      .sort()
      .map((name) => ({
        path: `${architecture}/${name}`,
        bytes: readFileSync(join(from, architecture, name)),
      })),
  );
}

/** Those of the examples stand beside the others: set-up makes their modules as well. */
function exampleObjects(): Entry[] {
  const work = mkdtempSync(join(tmpdir(), 'waggle-prebuilt-'));
  try {
    const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.bpf.c'));
    for (const name of examples)
      for (const architecture of ARCHITECTURES) {
        const object = `examples/${name.replace(/\.c$/, '.o')}`;
        const output = join(work, architecture.name, object);
        compileObject(join(root, 'examples', name), output, architecture);
      }
    return ARCHITECTURES.flatMap(({ name: architecture }) =>
      examples.sort().map((name) => {
        const path = `${architecture}/examples/${name.replace(/\.c$/, '.o')}`;
        return { path, bytes: readFileSync(join(work, path)) };
      }),
    );
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** @param out where the libraries are built, by zig */
function builtLibraries(platform: string, out: string): Entry[] {
  run(process.execPath, 'packages/native/scripts/build.ts', platform, '--out', out);
  return LIBRARIES.map((name) => ({
    path: `${platform}/${name}`,
    bytes: readFileSync(join(out, platform, name)),
  }));
}

function packed(entries: readonly Entry[]): Uint8Array {
  const whole = Buffer.concat(entries.map(({ bytes }) => bytes));
  return brotliCompressSync(whole, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: whole.length,
    },
  });
}

function unpacked(index: Index, name: string): Entry[] {
  const whole = brotliDecompressSync(readFileSync(join(folder, name)));
  let at = 0;
  return (index.files[name] ?? []).map(([path, length]) => {
    const bytes = whole.subarray(at, at + length);
    at += length;
    return { path, bytes };
  });
}

function readIndex(): Index {
  return JSON.parse(readFileSync(indexFile, 'utf8')) as Index;
}

function zigVersion(): string {
  const { ZIG } = process.env;
  return run(...(ZIG === undefined ? ['python3', '-m', 'ziglang'] : [ZIG]), 'version');
}

function write(): void {
  const version = zigVersion();
  if (version !== ZIG_VERSION)
    throw new Error(`zig ${ZIG_VERSION} is needed, and this is ${version}: pip install ziglang`);
  const work = mkdtempSync(join(tmpdir(), 'waggle-prebuilt-'));
  try {
    const archives = new Map<string, readonly Entry[]>([
      ['bpf.br', [...builtObjects(objects), ...exampleObjects()]],
      ...PLATFORMS.map(
        (platform) => [`native-${platform}.br`, builtLibraries(platform, work)] as const,
      ),
    ]);
    mkdirSync(folder, { recursive: true });
    for (const [name, entries] of archives) writeFileSync(join(folder, name), packed(entries));
    const index: Index = {
      compiler: { bpf: clangVersion(), native: `zig ${version}` },
      files: Object.fromEntries(
        [...archives].map(([name, entries]) => [
          name,
          entries.map(({ path, bytes }) => [path, bytes.length] as const),
        ]),
      ),
    };
    writeFileSync(indexFile, `${JSON.stringify(index, null, 1)}\n`);
    for (const part of PARTS) writeFileSync(join(folder, `${part}.digest`), `${digestOf(part)}\n`);
  } finally {
    rmSync(work, { recursive: true });
  }
  console.log(`${folder}: ${size()} bytes`);
}

function size(): number {
  return readdirSync(folder)
    .map((name) => statSync(join(folder, name)).size)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Renamed into place: a process that has the old one mapped keeps it. */
function put(path: string, bytes: Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}`;
  writeFileSync(made, bytes);
  chmodSync(made, mode);
  renameSync(made, path);
}

function unpackLibrary(index: Index, platform: string): void {
  for (const { path, bytes } of unpacked(index, `native-${platform}.br`))
    put(join(libraries, path), bytes, 0o755);
}

function unpack(part: Part, platform?: string): void {
  const index = readIndex();
  if (part === 'native') {
    unpackLibrary(index, platform ?? `linux-${process.arch}`);
    if (platform !== undefined) return;
    copyLicences(libraries);
    embedLibraries(libraries);
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'waggle-prebuilt-'));
  try {
    for (const { path, bytes } of unpacked(index, 'bpf.br')) put(join(work, path), bytes, 0o644);
    run(process.execPath, 'packages/bpf/scripts/build.ts', '--objects', work);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What differs, by path. */
function differing(built: readonly Entry[], kept: readonly Entry[]): string[] {
  const digests = new Map(kept.map(({ path, bytes }) => [path, digest(bytes)]));
  const changed = built.filter(({ path, bytes }) => digests.get(path) !== digest(bytes));
  const paths = new Set(built.map(({ path }) => path));
  const gone = kept.filter(({ path }) => !paths.has(path));
  return [...changed, ...gone].map(({ path }) => path);
}

function check(): string[] {
  if (!existsSync(indexFile)) return ['prebuilt/ is not there'];
  const stale = PARTS.filter(
    (part) => readFileSync(join(folder, `${part}.digest`), 'utf8').trim() !== digestOf(part),
  );
  const index = readIndex();
  const problems = stale.map((part) => `the C sources of ${part} have changed since`);
  if (size() > MAX_BYTES) problems.push(`it has ${size()} bytes, and may have ${MAX_BYTES}`);
  if (!stale.includes('bpf') && clangVersion() === index.compiler.bpf) {
    const built = [...builtObjects(objects), ...exampleObjects()];
    const others = differing(built, unpacked(index, 'bpf.br'));
    problems.push(...others.map((path) => `the sources build another ${path}`));
  } else console.log(`BPF objects were not compared: they are of ${index.compiler.bpf}`);
  if (!stale.includes('native')) problems.push(...checkLibraries(index));
  return problems;
}

/** Where zig is installed, byte for byte. */
function checkLibraries(index: Index): string[] {
  const isZigHere = () => {
    try {
      return `zig ${zigVersion()}` === index.compiler.native;
    } catch {
      return false;
    }
  };
  if (!isZigHere()) {
    console.log(`libraries were not compared: they are of ${index.compiler.native}`);
    return [];
  }
  const work = mkdtempSync(join(tmpdir(), 'waggle-prebuilt-'));
  try {
    return PLATFORMS.flatMap((platform) => {
      const kept = unpacked(index, `native-${platform}.br`);
      return differing(builtLibraries(platform, work), kept).map(
        (path) => `the sources build another ${path}`,
      );
    });
  } finally {
    rmSync(work, { recursive: true });
  }
}

const [what, part, platform] = process.argv.slice(2);
if (what === 'write') write();
else if (what === 'unpack' && (part === 'bpf' || part === 'native')) unpack(part, platform);
else if (what === 'check') {
  const problems = check();
  for (const problem of problems) console.log(`prebuilt/: ${problem}`);
  if (problems.length > 0) {
    console.log('npm run prebuilt makes it anew; commit it with the sources');
    process.exit(1);
  }
} else {
  console.error(
    `usage: ${basename(import.meta.path)} write|check|unpack bpf|unpack native [PLATFORM]`,
  );
  process.exit(2);
}
