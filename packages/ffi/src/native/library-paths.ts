/**
 * Which files are loaded as libraries: absolute paths that only root or we ourselves can put something
 * at. A bare name is never given to a runtime's dlopen, because Bun looks for it in the current
 * directory where the system has none, and runs what somebody left there, with our rights. (The caches on disk of
 * @waggle/symbols ask the same of their folders; neither package depends on the other.)
 */

import { lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { LibraryError } from '../errors/library-error.ts';
import type { NativeBackend, NativeLibrary, NativeTable } from './backend.ts';
import { pathsInLdCache } from './ld-cache.ts';

const TRIPLET: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};
/** The linker's own folders, and those of distributions without a cache (musl). */
const FOLDERS = ['/usr/lib64', '/lib64', '/usr/lib', '/lib', '/usr/local/lib'];
/** glibc's, by whichever name, and musl's, which is the linker too. */
const LIBC = /^(libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1|libc\.musl-\w+\.so\.1)$/;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

export interface LibraryPaths {
  /** To try in this order. */
  readonly paths: readonly string[];
  /** What was found and is not used, with the reason. */
  readonly refused: readonly string[];
}

/** The C library of this process: the file that is mapped already. @throws LibraryError */
export function libcPath(): string {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  for (const line of maps.split('\n')) {
    const path = line.slice(line.indexOf('/'));
    if (path.startsWith('/') && LIBC.test(path.slice(path.lastIndexOf('/') + 1))) return path;
  }
  throw new LibraryError(['the C library'], ['this process has none mapped']);
}

/** @param soname such as `libbpf.so.1`; a path of its own is checked and taken. */
export function libraryPaths(soname: string): LibraryPaths {
  const refused: string[] = [];
  const paths = new Set<string>();
  for (const candidate of candidates(soname)) {
    let path: string;
    try {
      path = realpathSync(candidate);
    } catch {
      continue;
    }
    const problem = whyNotTrusted(path);
    if (problem === undefined) paths.add(path);
    else refused.push(`${path} is not loaded: ${problem}`);
  }
  return { paths: [...paths], refused: [...new Set(refused)] };
}

function candidates(soname: string): string[] {
  if (isAbsolute(soname)) return [soname];
  const asked = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(isAbsolute);
  const triplet = TRIPLET[process.arch];
  const folders = [
    ...asked,
    ...(triplet === undefined ? [] : [`/usr/lib/${triplet}`, `/lib/${triplet}`]),
    ...FOLDERS,
    // Where a distribution has its own places, as NixOS does, they lie together.
    dirname(libcPath()),
  ].map((folder) => join(folder, soname));
  return [...folders.slice(0, asked.length), ...pathsInLdCache(soname), ...folders];
}

/** @throws LibraryError when none can be trusted, none loads, or the one that does lacks a symbol. */
export function openLibrary<const Table extends NativeTable>(
  backend: NativeBackend,
  soname: string,
  table: Table,
): NativeLibrary<Table> {
  const { paths, refused } = libraryPaths(soname);
  const failures: string[] = [...refused];
  for (const path of paths) {
    try {
      return backend.open(path, table);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new LibraryError([soname], failures);
}

/** Who else could have put this file there? */
export function whyNotTrusted(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const problem = problemOf(lstatSync(at), at);
    if (problem !== undefined) return problem;
    if (at === '/') return undefined;
  }
}

function problemOf({ uid, mode }: Stats, path: string): string | undefined {
  if (uid !== 0 && uid !== process.geteuid?.()) return `${path} belongs to user ${uid}`;
  // In a sticky folder only the owner of an entry replaces it, and that is checked.
  const isSticky = (mode & STICKY) !== 0;
  return (mode & WRITABLE_BY_OTHERS) !== 0 && !isSticky ? `others may write to ${path}` : undefined;
}
