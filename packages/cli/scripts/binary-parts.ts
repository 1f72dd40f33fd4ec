// What an executable for a platform is made of that is no source of ours: Bun, and the library that draws in
// terminals. Those of this machine are installed; others come by npm, in the versions that are installed
// here, and are kept in packages/cli/binary/parts.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type BinaryPlatform = 'linux-x64' | 'linux-arm64' | 'linux-x64-musl' | 'linux-arm64-musl';

export interface BinaryParts {
  /** The executable of Bun. */
  readonly bun: string;
  /** The folder of the terminal library's package; undefined where it is to be left out. */
  readonly terminal: string | undefined;
}

/** That of the Bun that runs this. */
export function ownPlatform(): string {
  const isMusl = /\/ld-musl-/.test(readFileSync('/proc/self/maps', 'latin1'));
  return `linux-${process.arch}${isMusl ? '-musl' : ''}`;
}

/** Bun's name of the platform's package. */
const BUN_PACKAGES: Readonly<Record<BinaryPlatform, string>> = {
  'linux-x64': '@oven/bun-linux-x64',
  'linux-arm64': '@oven/bun-linux-aarch64',
  'linux-x64-musl': '@oven/bun-linux-x64-musl',
  'linux-arm64-musl': '@oven/bun-linux-aarch64-musl',
};

/** @throws Error where a package is neither installed nor to be had. */
export async function partsOf(
  root: string,
  platform: BinaryPlatform,
  withTerminal: boolean,
): Promise<BinaryParts> {
  const terminalVersion = versionOf(join(root, 'node_modules/@opentui/core')) ?? '';
  const terminal = withTerminal
    ? packageFolder(root, `@opentui/core-${platform}`, terminalVersion)
    : undefined;
  // The installed package may be without its program, which npm's script of `bun` has moved.
  if (platform === ownPlatform()) return { bun: process.execPath, terminal };
  const bun = packageFolder(root, BUN_PACKAGES[platform], Bun.version);
  return { bun: join(bun, 'bin/bun'), terminal };
}

/** Where the package is: installed, or unpacked here. */
function packageFolder(root: string, name: string, version: string): string {
  for (const folder of [join(root, 'node_modules', name), partFolder(root, name, version)])
    if (versionOf(folder) === version) return folder;
  return fetched(root, name, version);
}

function partFolder(root: string, name: string, version: string): string {
  return join(root, 'packages/cli/binary/parts', `${name.replace('/', '-')}-${version}`);
}

function versionOf(folder: string): string | undefined {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

/** By npm. */
function fetched(root: string, name: string, version: string): string {
  const folder = partFolder(root, name, version);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    run(['npm', 'pack', '--silent', `${name}@${version}`, '--pack-destination', unfinished]);
    const [archive] = [...new Bun.Glob('*.tgz').scanSync({ cwd: unfinished, absolute: true })];
    if (archive === undefined) throw new Error(`npm pack ${name}@${version} left no archive`);
    run(['tar', '-xzf', archive, '-C', unfinished, '--strip-components=1']);
    checkIntegrity(root, name, archive);
    rmSync(archive);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** That it is what package-lock.json names, where it does: not every registry has every platform. */
function checkIntegrity(root: string, name: string, archive: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const expected = lock.packages[`node_modules/${name}`]?.integrity;
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (expected !== undefined && expected !== `sha512-${digest}`)
    throw new Error(`${name} is not what package-lock.json says: its SHA-512 is ${digest}`);
}

function run(command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...command], { stdin: 'ignore', stdout: 'ignore' });
  const said = stderr.toString().trim() || 'npm says no more; is that version on your registry?';
  if (!success) throw new Error(`${command.join(' ')} failed: ${said}`);
}
