/**
 * Where waggle's own library is: libbpf, libelf, zlib and a few functions of ours in one file that needs the
 * C library only (packages/native). In a clone it lies in prebuilt/ of this package; elsewhere it is a package of its
 * platform, which is installed with this one. Where a bundler took the code along and left the file behind, the
 * bytes that went along are put into memory, and loaded from there. `WAGGLE_LIBBPF=system` takes a library that has
 * no libbpf in it and loads the system's.
 */

import { Buffer } from 'node:buffer';
import { existsSync, lstatSync, realpathSync, type Stats } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LibraryError } from '../errors/library-error.ts';
import { PLACE } from '../place.ts';
import type { NativeBackend } from './backend.ts';
import { memoryFile } from './memory-file.ts';
import { ownPlatform } from './platform.ts';

const FILE = 'libwaggle.so';
/** Without libbpf, which the dynamic linker finds where the system has it. */
const FILE_FOR_SYSTEM = 'libwaggle-system.so';
const WRITABLE_BY_ALL = 0o002;
/** Where the code of an executable is that Bun made: in itself. */
const IN_EXECUTABLE = '/$bunfs/';

/** As fileURLToPath() has it on Linux: Bun takes more than a millisecond to load node:url. */
function pathOf({ pathname }: URL): string {
  return decodeURIComponent(pathname);
}

/**
 * An absolute path to load.
 *
 * @param libbpf whose: `system` for that of the system, else our own @throws LibraryError
 */
export async function libraryFile(
  backend: NativeBackend,
  libbpf = process.env.WAGGLE_LIBBPF,
): Promise<string> {
  if (libbpf !== undefined && !['', 'own', 'system'].includes(libbpf))
    throw new LibraryError('libbpf', [`WAGGLE_LIBBPF is neither own nor system: ${libbpf}`]);
  const file = libbpf === 'system' ? FILE_FOR_SYSTEM : FILE;
  const platform = ownPlatform();
  const code = pathOf(new URL(PLACE));
  const inClone = pathOf(new URL(`../prebuilt/${platform}/${file}`, PLACE));
  const name = `@waggle/native-${platform}`;
  const installed = installedFile(name, file, code);
  const problems: string[] = [];
  for (const path of [inClone, ...(installed === undefined ? [] : [installed])]) {
    const problem = whyNotOurs(path, code);
    if (problem === undefined) return path;
    problems.push(problem);
  }
  const embedded = file === FILE ? await embeddedLibrary(platform) : undefined;
  if (embedded !== undefined) return memoryFile(backend, FILE, embedded);
  throw new LibraryError(file, [
    ...problems,
    ...(installed === undefined ? [`${name} is not installed`] : []),
  ]);
}

/**
 * The library in an installed package: in a node_modules folder above our code, as everything is found that we
 * import; undefined where there is none.
 */
export function installedFile(name: string, file: string, code: string): string | undefined {
  if (code.startsWith(IN_EXECUTABLE)) return undefined;
  for (let folder = dirname(code); ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name, file);
    if (existsSync(path)) return realpathSync(path);
    if (folder === dirname(folder)) break;
  }
  // Deno may have no such folders. Bun is not asked: it would install what is missing.
  if (!('Deno' in globalThis)) return undefined;
  try {
    return realpathSync(createRequire(PLACE).resolve(`${name}/${file}`));
  } catch {
    return undefined;
  }
}

/**
 * Why a file is not to be loaded: it is missing, or somebody could have put it there who could not have put
 * there the code that asks for it. Beside a bundle in a folder for everybody lies what anybody likes.
 */
export function whyNotOurs(path: string, code: string): string | undefined {
  try {
    const owners = [0, process.geteuid?.(), ownerOf(code)];
    for (const at of [path, dirname(path), dirname(dirname(path))]) {
      const { uid, mode } = lstatSync(at);
      if (!owners.includes(uid)) return `${at} belongs to user ${uid}`;
      if ((mode & WRITABLE_BY_ALL) !== 0) return `everybody may write to ${at}`;
    }
    return undefined;
  } catch {
    return `there is no ${path}`;
  }
}

/** A program that a bundler made has its code in itself. */
function ownerOf(code: string): number | undefined {
  const status: Stats | undefined = lstatSync(code, { throwIfNoEntry: false });
  return status?.uid;
}

async function embeddedLibrary(platform: string): Promise<Uint8Array | undefined> {
  const { libraries } = await import('../generated/embedded-libraries.ts');
  const text = await libraries[platform]?.();
  if (text === undefined) return undefined;
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(Buffer.from(text, 'base64'));
}
