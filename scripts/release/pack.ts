// Packs every published package as a release publishes it: into tarballs, which are then tried and published as they
// are. Builds have to be there (turbo run build), and our library for each platform (packages/native/scripts/build.ts).
//
//   bun scripts/release/pack.ts FOLDER [PLATFORM...]
//
// With platforms, @waggle/ffi names the packages of these alone.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { embeddedByPackage, packageName } from '../../packages/native/scripts/by-package.ts';
import { writeNativePackages } from '../../packages/native/scripts/packages.ts';
import { PLATFORMS, type Platform } from '../../packages/native/scripts/platforms.ts';

const root = resolve(import.meta.dir, '../..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Folders of packages, those first that others depend on by platform. */
function published(): string[] {
  return [...new Bun.Glob('packages/*/package.json').scanSync(root)]
    .sort()
    .map((path) => join(root, path, '..'))
    .filter((folder) => !manifestOf(folder).private);
}

/** @returns the tarball */
async function pack(folder: string, out: string): Promise<string> {
  const npm = Bun.spawn(['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', out], {
    cwd: folder,
    stdin: 'ignore',
    stderr: 'inherit',
  });
  const output = await new Response(npm.stdout).text();
  if ((await npm.exited) !== 0) throw new Error(`npm pack fails in ${folder}`);
  const [made] = JSON.parse(output) as { readonly filename: string }[];
  return join(out, basename((made?.filename ?? '').replace('@', '').replace('/', '-')));
}

/**
 * What it has in a clone as files and texts comes from its packages by platform. They cannot stand in its
 * package.json, or `npm ci` in a clone would ask the registry for them.
 */
async function packFfi(
  folder: string,
  out: string,
  platforms: readonly Platform[],
): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'waggle-pack-'));
  try {
    const plain = await pack(folder, work);
    const tar = Bun.spawnSync(['tar', '-xzf', plain, '-C', work]);
    if (!tar.success) throw new Error(`${plain} cannot be unpacked: ${tar.stderr}`);
    const unpacked = join(work, 'package');
    const manifest = manifestOf(unpacked);
    const optionalDependencies = Object.fromEntries(
      platforms.map((platform) => [packageName(platform), manifest.version]),
    );
    const { scripts: _scripts, ...kept } = manifest as Manifest & { readonly scripts?: object };
    writeFileSync(
      join(unpacked, 'package.json'),
      `${JSON.stringify({ ...kept, optionalDependencies }, null, 2)}\n`,
    );
    const generated = join(unpacked, 'src/generated/embedded-libraries.ts');
    if (!existsSync(generated)) throw new Error(`${generated} is not in what npm packs`);
    writeFileSync(generated, embeddedByPackage());
    return await pack(unpacked, out);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** @returns the tarballs, those first that others depend on by platform */
export async function packAll(
  out: string,
  platforms: readonly Platform[] = PLATFORMS,
): Promise<string[]> {
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'waggle-pack-'));
  const tarballs: string[] = [];
  try {
    for (const folder of writeNativePackages(work, platforms))
      tarballs.push(await pack(folder, out));
    for (const folder of published())
      tarballs.push(
        await (manifestOf(folder).name === '@waggle/ffi'
          ? packFfi(folder, out, platforms)
          : pack(folder, out)),
      );
  } finally {
    rmSync(work, { recursive: true });
  }
  return tarballs;
}

if (import.meta.main) {
  const [folder, ...asked] = process.argv.slice(2);
  const unknown = asked.find((name) => !PLATFORMS.some((known) => known === name));
  if (folder === undefined || unknown !== undefined) {
    console.error(`usage: pack.ts FOLDER [${PLATFORMS.join('|')}]...`);
    process.exit(2);
  }
  const platforms = asked.length > 0 ? (asked as Platform[]) : PLATFORMS;
  for (const tarball of await packAll(resolve(folder), platforms)) console.log(tarball);
}
