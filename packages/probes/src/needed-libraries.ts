/**
 * The libraries that a program is started with, found as the dynamic loader finds them: by the run path,
 * LD_LIBRARY_PATH, the loader's cache and the usual folders, breadth first. Source: ld.so(8).
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { ElfError, type ElfImage, isSystemError } from '@waggle/symbols';
import type { FileTree } from './file-tree.ts';
import { parseLoaderCache } from './loader-cache.ts';
import { openObject, type ProbedObject } from './probed-object.ts';

const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const ENTRY_BYTES = 16;
const MAX_STRINGS = 64 * 1024 * 1024;
/** Desktop programs have some two hundred. */
const MAX_LIBRARIES = 4096;
/** PATH_MAX, of limits.h. */
const MAX_TEXT = 4096;
/** Of a program and all of its libraries: each name is looked for in some folders. */
const MAX_LOOKUPS = 200_000;
const CACHE = '/etc/ld.so.cache';
const FOLDERS: readonly string[] = [
  '/lib',
  '/usr/lib',
  '/lib64',
  '/usr/lib64',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/local/lib',
];

/** What an object says of the libraries that it needs. */
interface Needs {
  readonly names: readonly string[];
  readonly runPaths: readonly string[];
  readonly interpreter: string | undefined;
}

export class Loader {
  readonly #tree: FileTree;
  readonly #libraryPath: readonly string[];
  #cache: ReadonlyMap<string, string> | undefined;
  #lookups = 0;

  /** @param libraryPath LD_LIBRARY_PATH of who is started. */
  constructor(tree: FileTree, libraryPath = '') {
    this.#tree = tree;
    this.#libraryPath = libraryPath.split(':').filter((folder) => folder !== '');
  }

  /** The program itself, then its libraries, then its loader: each once. Files that are no ELF have none. */
  *closure(program: ProbedObject): Generator<ProbedObject> {
    const seen = new Set([program.path]);
    const waiting = [program];
    for (let object = waiting.shift(); object !== undefined; object = waiting.shift()) {
      yield object;
      const { names, runPaths, interpreter } = needsOf(object);
      const found = [
        ...names.map((name) => this.#find(name, runPaths)),
        ...(interpreter === undefined ? [] : [this.#tree.file(interpreter)]),
      ];
      for (const library of found) {
        if (library === undefined || seen.has(library.path) || seen.size > MAX_LIBRARIES) continue;
        seen.add(library.path);
        waiting.push(library);
      }
    }
  }

  /** `libc`, `c`, `libc.so.6`: by the cache and the usual folders. */
  library(name: string): ProbedObject | undefined {
    for (const [file, path] of this.#cached()) {
      if (!isLibrary(file, name)) continue;
      const found = this.#tree.file(path);
      if (found !== undefined) return found;
    }
    const files = name.includes('.so') ? [name] : [`${name}.so`, `lib${name}.so`];
    for (const file of files) {
      const found = this.#find(file, []);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Names of all libraries of the cache. */
  get names(): Iterable<string> {
    return this.#cached().keys();
  }

  #find(name: string, runPaths: readonly string[]): ProbedObject | undefined {
    if (name === '') return undefined;
    if (name.includes('/')) return this.#file(name);
    const before = [...runPaths, ...this.#libraryPath];
    for (const folder of before) {
      const found = folder.startsWith('/') ? this.#file(posix.join(folder, name)) : undefined;
      if (found !== undefined) return found;
    }
    const cached = this.#cached().get(name);
    const known = cached === undefined ? undefined : this.#file(cached);
    if (known !== undefined) return known;
    for (const folder of FOLDERS) {
      const found = this.#file(posix.join(folder, name));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Objects of others say what is looked for, and how often. */
  #file(path: string): ProbedObject | undefined {
    return this.#lookups++ < MAX_LOOKUPS ? this.#tree.file(path) : undefined;
  }

  #cached(): ReadonlyMap<string, string> {
    this.#cache ??= readCache(this.#tree.file(CACHE));
    return this.#cache;
  }
}

/** Whether a file is the library that somebody calls so: without `lib`, `.so` and versions. */
export function isLibrary(file: string, name: string): boolean {
  if (file === name) return true;
  const short = /^(?:lib)?(.+?)(?:-[\d.]+)?\.so(?:\.[\w.]+)?$/.exec(file)?.[1];
  return short !== undefined && (short === name || `lib${short}` === name);
}

function readCache(file: ProbedObject | undefined): ReadonlyMap<string, string> {
  if (file === undefined) return new Map();
  try {
    return parseLoaderCache(readFileSync(file.path));
  } catch (error) {
    if (isSystemError(error)) return new Map();
    throw error;
  }
}

function needsOf(object: ProbedObject): Needs {
  try {
    using image = openObject(object);
    return readNeeds(image, object.shown);
  } catch (error) {
    if (error instanceof ElfError || isSystemError(error))
      return { names: [], runPaths: [], interpreter: undefined };
    throw error;
  }
}

function readNeeds(image: ElfImage, path: string): Needs {
  const dynamic = image.dynamic ?? new Uint8Array(0);
  const view = new DataView(dynamic.buffer, dynamic.byteOffset, dynamic.byteLength);
  const entries: (readonly [tag: number, value: number])[] = [];
  for (let at = 0; at + ENTRY_BYTES <= dynamic.length; at += ENTRY_BYTES) {
    const tag = Number(view.getBigUint64(at, true));
    if (tag === 0 || entries.length >= MAX_LIBRARIES) break;
    entries.push([tag, Number(view.getBigUint64(at + 8, true))]);
  }
  const first = (tag: number) => entries.find((entry) => entry[0] === tag)?.[1];
  const table = first(DT_STRTAB);
  const strings =
    table === undefined
      ? new Uint8Array(0)
      : image.readMapped(table, Math.min(first(DT_STRSZ) ?? 0, MAX_STRINGS));
  const textOf = (at: number) => cText(strings.subarray(at));
  const texts = (tag: number) =>
    entries.filter((entry) => entry[0] === tag).map(([, at]) => textOf(at));
  const paths = texts(DT_RUNPATH).length > 0 ? texts(DT_RUNPATH) : texts(DT_RPATH);
  const origin = posix.dirname(path);
  const section = image.sectionsIfSound.find(({ name }) => name === '.interp');
  return {
    names: texts(DT_NEEDED),
    runPaths: paths
      .flatMap((list) => list.split(':'))
      .map((folder) => folder.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, origin)),
    interpreter: section === undefined ? undefined : cText(image.readSection(section)),
  };
}

const utf8 = new TextDecoder();

/** Empty where it does not end in time: no path is so long. */
function cText(bytes: Uint8Array): string {
  const end = bytes.subarray(0, MAX_TEXT).indexOf(0);
  if (end < 0 && bytes.length > MAX_TEXT) return '';
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
