// Makes the one executable: Bun with the command in it, and everything that a clone finds beside the command
// (BPF objects, our library, workers, viewers, the demangler, the terminal library). Run by
// `npm run build:binary`:
//
//   bun scripts/build-binary.ts [PLATFORM...] [--out FOLDER] [--without-top]
//
// Without `top` where the registry at hand lacks the terminal library of that platform.
// For another platform than this one its Bun and its terminal library come by npm, by the versions that
// are installed here; our library has to be built for it before (packages/native).

import {
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
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { BunPlugin } from 'bun';
import { type BinaryPlatform, ownPlatform, partsOf } from './binary-parts.ts';
import { sourcesOf } from './bundle-resolution.ts';

const root = resolve(import.meta.dir, '../../..');
const PLATFORMS: readonly BinaryPlatform[] = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
];

function exactly(text: string): RegExp {
  return new RegExp(`${text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}

/**
 * What is there for every platform is left at that of the executable, and is a file in it: as a text it would
 * be a third longer, and twice in it, since the engine's compiled form holds texts too.
 */
function onlyOf(platform: BinaryPlatform, packed: string): BunPlugin {
  const folder = platform.includes('arm64') ? 'aarch64' : 'x86_64';
  const objects = join(root, 'packages/bpf/dist', folder);
  const library = join(root, 'packages/ffi/prebuilt', platform, 'libwaggle.so');
  if (!existsSync(library))
    throw new Error(
      `there is no library for ${platform}: bun packages/native/scripts/build.ts ${platform}`,
    );
  const sources = readdirSync(objects).filter((name) => name.endsWith('.bpf.o'));
  // Made before the build begins: Bun looks once into a folder.
  const modules: Readonly<Record<string, string>> = {
    'ffi/src/generated/embedded-libraries.ts': `${asFiles('files', [
      ['library', gzipped(library, packed)],
    ])}export const libraries = { '${platform}': async () => files.library };\n`,
    'bpf/src/generated/embedded-objects.ts': `${asFiles(
      'objects',
      sources.map((name) => [name.replace('.bpf.o', ''), gzipped(join(objects, name), packed)]),
    )}export const embedded = { ${folder}: objects };\n`,
  };
  return {
    name: 'only-of-platform',
    setup(build) {
      for (const [path, contents] of Object.entries(modules))
        build.onLoad({ filter: exactly(`/packages/${path}`) }, () => ({
          contents,
          loader: 'js',
        }));
    },
  };
}

function gzipped(path: string, folder: string): string {
  const packed = join(folder, `${basename(path)}.gz`);
  writeFileSync(packed, gzipSync(readFileSync(path), { level: 9 }));
  return packed;
}

/** A module with an object of files, each read as base64 when it is asked for. */
function asFiles(name: string, files: readonly (readonly [key: string, path: string])[]): string {
  const imports = files.map(
    ([, path], index) => `import f${index} from ${JSON.stringify(path)} with { type: 'file' };`,
  );
  const getters = files.map(
    ([key], index) => `get ${JSON.stringify(key)}() { return readFileSync(f${index}, 'base64'); },`,
  );
  return `import { readFileSync } from 'node:fs';
${imports.join('\n')}
export const ${name} = { ${getters.join('\n')} };
`;
}

/** Files that are found by the place of a source, or of an installed package. */
async function filesInside(folder: string): Promise<BunPlugin> {
  const workers = await Promise.all(
    sourcesOf(root, 'packages/*/src/generated/*-worker.ts').map(async (path) => {
      const { source } = (await import(path)) as { readonly source: string };
      const file = join(folder, `${basename(path, '.ts')}.txt`);
      writeFileSync(file, source);
      const contents = `import { readFileSync } from 'node:fs';
import file from ${JSON.stringify(file)} with { type: 'file' };
export const source = readFileSync(file, 'utf8');`;
      return [path, contents] as const;
    }),
  );
  return {
    name: 'files-inside',
    setup(build) {
      build.onLoad({ filter: exactly('/symbols/src/demangle/wasm-file.ts') }, ({ path }) => {
        const wasm = createRequire(path).resolve('gecko-profiler-demangle/index_bg.wasm');
        const contents = `import { readFileSync } from 'node:fs';
import file from ${JSON.stringify(wasm)} with { type: 'file' };
export const wasmFile = () => readFileSync(file);`;
        return { contents, loader: 'js' };
      });
      for (const [path, contents] of workers)
        build.onLoad({ filter: exactly(path) }, () => ({ contents, loader: 'js' }));
    },
  };
}

/** Headers for BPF of users' own: clang reads files, so that they are unpacked for as long as a build takes. */
function headersInside(packed: string): BunPlugin {
  const folder = join(root, 'packages/bpf');
  const headers = sourcesOf(folder, '{bpf,include}/**/*.h').map((path) => [
    path.slice(folder.length + 1),
    readFileSync(path, 'utf8'),
  ]);
  const file = join(packed, 'headers.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify(headers), { level: 9 }));
  const unpack = `
import * as ownFs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname as folderOf, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import packedHeaders from ${JSON.stringify(file)} with { type: 'file' };
const unpacked = ownFs.mkdtempSync(join(tmpdir(), 'waggle-headers-'));
process.on('exit', () => ownFs.rmSync(unpacked, { recursive: true, force: true }));
for (const [path, text] of JSON.parse(gunzipSync(ownFs.readFileSync(packedHeaders)).toString())) {
  ownFs.mkdirSync(join(unpacked, folderOf(path)), { recursive: true });
  ownFs.writeFileSync(join(unpacked, path), text);
}
`;
  const places = /fileURLToPath\(new URL\('\.\.\/\.\.\/(bpf|include)\/', import\.meta\.url\)\)/g;
  return {
    name: 'headers-inside',
    setup(build) {
      build.onLoad({ filter: exactly('/packages/bpf/src/build/compile.ts') }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (text.match(places)?.length !== 2)
          throw new Error(`${path} finds its headers in another way than this script knows`);
        const contents = unpack + text.replace(places, "join(unpacked, '$1/')");
        return { contents, loader: 'ts' };
      });
    },
  };
}

/**
 * The terminal library of the platform, put into memory: Bun would write it to /tmp under a name that others can
 * guess, and load what lies there. Those of other platforms are never asked for.
 */
function terminalLibrary(
  platform: BinaryPlatform,
  folder: string | undefined,
  packed: string,
): BunPlugin {
  const native = join(root, 'packages/ffi/src/native');
  const library = folder === undefined ? '' : gzipped(join(folder, 'libopentui.so'), packed);
  const contents =
    folder === undefined
      ? "throw new Error('this executable was built without the terminal library (--without-top)');"
      : `import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { bunBackend } from ${JSON.stringify(join(native, 'bun.ts'))};
import { memoryFile } from ${JSON.stringify(join(native, 'memory-file.ts'))};
import file from ${JSON.stringify(library)} with { type: 'file' };
export default memoryFile(bunBackend, 'libopentui.so', gunzipSync(readFileSync(file)));`;
  return {
    name: 'terminal-library',
    setup(build) {
      build.onResolve({ filter: /^@opentui\/core-(linux|darwin|win32)-/ }, ({ path }) =>
        path === `@opentui/core-${platform}`
          ? { path, namespace: 'terminal-library' }
          : { path, external: true },
      );
      build.onLoad({ filter: /.*/, namespace: 'terminal-library' }, () => ({
        contents,
        loader: 'js',
      }));
      // Highlighting of source code, which top has none of: 4 MB.
      build.onResolve({ filter: /parser\.worker|tree-sitter|\.scm$/ }, ({ path }) =>
        path.startsWith('.') || path.startsWith('@opentui/') || path.startsWith('web-tree-sitter')
          ? { path: 'nothing', namespace: 'left-out' }
          : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
        contents: 'export default undefined;',
        loader: 'js',
      }));
    },
  };
}

async function build(platform: BinaryPlatform, folder: string, withTop: boolean): Promise<void> {
  const { bun, terminal } = await partsOf(root, platform, withTop);
  const outfile = join(folder, `waggle-${platform}`);
  const made = `${outfile}.${process.pid}`;
  const assets = mkdtempSync(join(tmpdir(), 'waggle-binary-'));
  const began = performance.now();
  try {
    await Bun.build({
      entrypoints: [join(root, 'packages/cli/src/main.ts')],
      target: 'bun',
      format: 'esm',
      bytecode: true,
      splitting: true,
      env: 'disable',
      // Names stay, so that stack traces can be read.
      minify: { syntax: true, whitespace: true, identifiers: false },
      compile: {
        outfile: made,
        executablePath: bun,
        // Bun writes `process.arch` into the code: that of this machine, unless it is told.
        target: `bun-${platform}`,
        // What lies in the caller's directory must not steer a command that often runs as root.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
      plugins: [
        onlyOf(platform, assets),
        await filesInside(assets),
        headersInside(assets),
        terminalLibrary(platform, terminal, assets),
      ],
    });
    renameSync(made, outfile);
  } finally {
    rmSync(made, { force: true });
    rmSync(assets, { recursive: true });
  }
  const size = (statSync(outfile).size / 1e6).toFixed(1);
  const bunSize = (statSync(bun).size / 1e6).toFixed(1);
  console.log(
    `${outfile}: ${size} MB, of which Bun ${bunSize} MB; ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
}

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, 'without-top': { type: 'boolean' } },
});
const folder = resolve(options.out ?? join(root, 'packages/cli/binary'));
const isPlatform = (name: string): name is BinaryPlatform =>
  PLATFORMS.some((known) => known === name);
const platforms = asked.length > 0 ? asked : [ownPlatform()];
const unknown = platforms.find((name) => !isPlatform(name));
if (unknown !== undefined) {
  console.error(`no such platform: ${unknown}; there are ${PLATFORMS.join(', ')}`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const platform of platforms.filter(isPlatform))
  await build(platform, folder, options['without-top'] !== true);
