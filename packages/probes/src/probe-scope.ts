/**
 * Where a function is looked for, by what a recording is of: in the program of a command and the libraries
 * that it starts with, or in what processes have mapped. Anything else has to be named by its path.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { type MapsEntry, type Procfs, ProcfsError, RealProcfs } from '@waggle/cache';
import { isSystemError } from '@waggle/symbols/system-error';
import { FileTree } from './file-tree.ts';
import { isLibrary, Loader } from './needed-libraries.ts';
import type { ProbedObject } from './probed-object.ts';

/** Open files are held until it is disposed of: attach before. */
export interface ProbeScope extends Disposable {
  /** Program first, then libraries: the order of the search. Empty where nothing says where to begin. */
  objects(): Iterable<ProbedObject>;
  /** By a path, or a library's name; several where processes have roots of their own. */
  named(name: string): readonly ProbedObject[];
  /** Libraries that there are, for messages. */
  libraries(): Iterable<string>;
}

/** Of a whole host: nothing is found by itself. */
export function hostScope(): ProbeScope {
  const tree = new FileTree();
  const loader = new Loader(tree);
  return {
    objects: () => [],
    named: (name) => namedIn(tree, loader, name),
    libraries: () => loader.names,
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
}

/** Of a command that is about to be started. */
export function commandScope(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ProbeScope {
  const tree = new FileTree();
  const loader = new Loader(tree, environment.LD_LIBRARY_PATH);
  const program = programOf(tree, argv[0] ?? '', environment.PATH ?? '/usr/bin:/bin');
  return {
    objects: () => (program === undefined ? [] : loader.closure(program)),
    named(name) {
      if (name.includes('/')) return namedIn(tree, loader, name);
      for (const object of this.objects())
        if (isLibrary(posix.basename(object.shown), name)) return [object];
      return namedIn(tree, loader, name);
    },
    libraries: () => loader.names,
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
}

/** Of processes that run, each with what it has mapped. */
export function processScope(
  pids: readonly number[],
  procfs: Procfs = new RealProcfs(),
): ProbeScope {
  const trees = pids.map((pid) => ({ pid, tree: new FileTree(`/proc/${pid}/root`) }));
  const all = function* () {
    const seen = new Set<string>();
    for (const { pid, tree } of trees)
      for (const { path, file } of mappedFiles(procfs, pid)) {
        if (seen.has(file)) continue;
        seen.add(file);
        const object = tree.file(path);
        if (object !== undefined) yield object;
      }
  };
  return {
    objects: all,
    named(name) {
      if (!name.includes('/')) {
        const mapped = [...all()].filter(({ shown }) => isLibrary(posix.basename(shown), name));
        if (mapped.length > 0) return mapped;
      }
      const found = trees.flatMap(({ tree }) => namedIn(tree, new Loader(tree), name));
      return [...new Map(found.map((object) => [object.path, object])).values()];
    },
    *libraries() {
      for (const { shown } of all()) yield posix.basename(shown);
    },
    [Symbol.dispose]() {
      for (const { tree } of trees) tree[Symbol.dispose]();
    },
  };
}

function namedIn(tree: FileTree, loader: Loader, name: string): ProbedObject[] {
  const found = name.includes('/') ? tree.file(resolve(name)) : loader.library(name);
  return found === undefined ? [] : [found];
}

/** The file that execvp() would run; of a script the program that reads it. */
function programOf(tree: FileTree, name: string, path: string): ProbedObject | undefined {
  let found: ProbedObject | undefined;
  if (name.includes('/')) found = tree.file(resolve(name));
  else
    for (const folder of path.split(':'))
      found ??= tree.file(resolve(folder === '' ? '.' : folder, name));
  const interpreter = found && interpreterOf(found);
  if (interpreter === undefined) return found;
  const [file = '', argument = ''] = interpreter;
  if (posix.basename(file) !== 'env') return tree.file(file) ?? found;
  return programOf(tree, argument, path) ?? found;
}

const SHEBANG_BYTES = 256;

function interpreterOf({ path }: ProbedObject): string[] | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const bytes = Buffer.alloc(SHEBANG_BYTES);
    const length = readSync(descriptor, bytes, 0, SHEBANG_BYTES, 0);
    const [line = ''] = bytes.toString('utf8', 0, length).split('\n', 1);
    if (!line.startsWith('#!')) return undefined;
    return line.slice(2).trim().split(/\s+/);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

interface MappedFile {
  readonly path: string;
  /** Device and inode, as the map has them. */
  readonly file: string;
}

/** The program first, then every file that code is mapped of. None of a process that is gone, or another user's. */
function mappedFiles(procfs: Procfs, pid: number): MappedFile[] {
  let mapped: readonly MapsEntry[];
  let program: string | undefined;
  try {
    mapped = procfs.maps(pid);
    program = procfs.exe(pid)?.path;
  } catch (error) {
    if (error instanceof ProcfsError) return [];
    throw error;
  }
  const files = mapped
    .filter(
      ({ permissions, path, deleted }) =>
        permissions[2] === 'x' && path.startsWith('/') && !deleted,
    )
    .map(({ path, device, inode }) => ({ path, file: `${device} ${inode}` }));
  const first = files.filter(({ path }) => path === program);
  return [...first, ...files.filter(({ path }) => path !== program)];
}
