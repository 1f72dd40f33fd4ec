/**
 * Where waggle's own library is: libbpf, libelf, zlib and a few functions of ours in one file that needs the
 * C library only (packages/native). It lies in prebuilt/ of this package, and nothing is looked for
 * elsewhere. Where a bundler took the code along and left the file behind, the bytes that went along are put
 * into memory, and loaded from there.
 */

import { Buffer } from 'node:buffer';
import { lstatSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LibraryError } from '../errors/library-error.ts';
import { PLACE } from '../place.ts';
import type { NativeBackend } from './backend.ts';
import { memoryFile } from './memory-file.ts';
import { ownPlatform } from './platform.ts';

const FILE = 'libwaggle.so';
const WRITABLE_BY_ALL = 0o002;

/** An absolute path to load. @throws LibraryError */
export async function libraryFile(backend: NativeBackend): Promise<string> {
  const platform = ownPlatform();
  const path = fileURLToPath(new URL(`../prebuilt/${platform}/${FILE}`, PLACE));
  const problem = whyNotOurs(path, fileURLToPath(PLACE));
  if (problem === undefined) return path;
  const embedded = await embeddedLibrary(platform);
  if (embedded === undefined) throw new LibraryError(FILE, [problem]);
  return memoryFile(backend, FILE, embedded);
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
  const text = libraries[platform];
  if (text === undefined) return undefined;
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(Buffer.from(text, 'base64'));
}
