// Writes the packages by platform, ready to be packed: @waggle/native-linux-x64 and its brothers, which npm, Bun and
// Deno choose by `os`, `cpu` and `libc` when they install @waggle/ffi. They are no workspaces, because npm refuses
// those of another platform.
//
//   bun packages/native/scripts/packages.ts FOLDER [PLATFORM...]
//
// What is built is taken (packages/native/scripts/build.ts); all platforms, unless some are named.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageName } from './by-package.ts';
import { PLATFORMS, type Platform } from './platforms.ts';

const root = resolve(import.meta.dir, '../../..');
const prebuilt = join(root, 'packages/ffi/prebuilt');
const FILES = ['libwaggle.so', 'libwaggle-system.so'] as const;

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly repository: object;
}

function manifestOf(platform: Platform, ffi: Manifest): object {
  const [, cpu = '', musl] = platform.split('-');
  return {
    name: packageName(platform),
    version: ffi.version,
    description: `waggle's native library for ${platform}: libbpf, libelf and zlib in one file`,
    license: ffi.license,
    repository: { ...ffi.repository, directory: 'packages/native' },
    type: 'module',
    os: ['linux'],
    cpu: [cpu],
    libc: [musl ?? 'glibc'],
    exports: {
      './embedded': { types: './embedded.d.ts', default: './embedded.js' },
      ...Object.fromEntries(FILES.map((file) => [`./${file}`, `./${file}`])),
    },
    files: [...FILES, 'embedded.js', 'embedded.d.ts', 'LICENSES'],
    // Bun and others may run what lies in a cache: this is read as a file.
    preferUnplugged: true,
  };
}

function write(folder: string, platform: Platform, ffi: Manifest): void {
  const target = join(folder, `native-${platform}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const file of FILES) copyFileSync(join(prebuilt, platform, file), join(target, file));
  const text = gzipSync(readFileSync(join(prebuilt, platform, 'libwaggle.so')), { level: 9 });
  writeFileSync(
    join(target, 'embedded.js'),
    `// The library, gzipped and as base64: for programs that are bundled.\nexport const library = '${text.toString('base64')}';\n`,
  );
  writeFileSync(join(target, 'embedded.d.ts'), 'export declare const library: string;\n');
  writeFileSync(
    join(target, 'package.json'),
    `${JSON.stringify(manifestOf(platform, ffi), null, 2)}\n`,
  );
  writeFileSync(
    join(target, 'README.md'),
    `# ${packageName(platform)}\n\nThe native library of [waggle](https://github.com/waggle/waggle) for ${platform}. \`@waggle/ffi\` depends on it.\n`,
  );
  copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  cpSync(join(prebuilt, 'LICENSES'), join(target, 'LICENSES'), { recursive: true });
}

/** @param folder where a folder for each is made anew @returns these folders */
export function writeNativePackages(
  folder: string,
  platforms: readonly Platform[] = PLATFORMS,
): string[] {
  const ffi = JSON.parse(readFileSync(join(root, 'packages/ffi/package.json'), 'utf8')) as Manifest;
  return platforms.map((platform) => {
    const library = join(prebuilt, platform, 'libwaggle.so');
    if (!existsSync(library))
      throw new Error(`there is no ${library}: bun packages/native/scripts/build.ts ${platform}`);
    write(folder, platform, ffi);
    return join(folder, `native-${platform}`);
  });
}

if (import.meta.main) {
  const [folder, ...asked] = process.argv.slice(2);
  const unknown = asked.find((name) => !PLATFORMS.some((known) => known === name));
  if (folder === undefined || unknown !== undefined) {
    console.error(`usage: packages.ts FOLDER [${PLATFORMS.join('|')}]...`);
    process.exit(2);
  }
  const platforms = asked.length > 0 ? (asked as Platform[]) : PLATFORMS;
  for (const made of writeNativePackages(resolve(folder), platforms)) console.log(made);
}
