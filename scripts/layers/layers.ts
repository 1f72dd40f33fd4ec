// The two rules of the tree.
//
// 1. In every folder, what lies in it (files and folders) imports each other without a circle. For
//    `packages/` that means packages; for a package, its rooms; for a room, its files. So each
//    folder can be read from the bottom up, and no arrow runs back.
// 2. Packages may import only what PACKAGES names: rule 1 alone would allow an arrow from cache to ffi.

import type { Import } from './imports.ts';

/** What each package may import. A new package is added here first. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  bpf: [],
  cache: [],
  ffi: [],
  formats: [],
  symbols: [],
  unwind: ['symbols'],
  profiler: ['bpf', 'cache', 'ffi', 'formats', 'symbols', 'unwind'],
  core: ['bpf', 'cache', 'ffi', 'formats', 'profiler', 'symbols', 'unwind'],
  cli: ['bpf', 'cache', 'core', 'ffi', 'formats', 'profiler', 'symbols', 'unwind'],
};

/** Entries of one folder that can be reached from each other. */
export interface Circle {
  readonly folder: string;
  /** Names in the folder, in alphabetical order. */
  readonly members: readonly string[];
  /** The shortest way round, as imports of files. */
  readonly way: readonly Import[];
}

/** Imports between packages that PACKAGES does not allow. */
export function forbiddenArrows(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => {
    const [source, target] = [packageOf(from), packageOf(to)];
    return source !== target && !PACKAGES[source]?.includes(target);
  });
}

export function packageOf(file: string): string {
  return file.split('/')[1] ?? '';
}

export function findCircles(imports: readonly Import[]): Circle[] {
  const folders = new Map<string, Import[]>();
  for (const imported of imports) {
    const folder = commonFolder(imported.from, imported.to);
    folders.set(folder, [...(folders.get(folder) ?? []), imported]);
  }
  return [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(circlesOf);
}

function commonFolder(a: string, b: string): string {
  const [left, right] = [a.split('/'), b.split('/')];
  const end = left.findIndex((part, i) => part !== right[i] || i === left.length - 1);
  return left.slice(0, end).join('/');
}

/** What `file` is in `folder`: its own name, or the folder below that holds it. */
export function entryOf(file: string, folder: string): string {
  return file.slice(folder.length + 1).split('/')[0] ?? '';
}

function circlesOf([folder, imports]: [string, Import[]]): Circle[] {
  const arrows = new Map<string, Map<string, Import[]>>();
  for (const imported of imports) {
    const [from, to] = [entryOf(imported.from, folder), entryOf(imported.to, folder)];
    const targets = arrows.get(from) ?? new Map<string, Import[]>();
    targets.set(to, [...(targets.get(to) ?? []), imported]);
    arrows.set(from, targets);
  }
  const circles = new Map<string, Circle>();
  for (const start of [...arrows.keys()].sort()) {
    const way = shortestWay(arrows, start, start);
    if (way === undefined) continue;
    const members = [...arrows.keys()].filter(
      (entry) =>
        shortestWay(arrows, start, entry) !== undefined &&
        shortestWay(arrows, entry, start) !== undefined,
    );
    const key = members.sort().join(' ');
    const known = circles.get(key);
    if (known === undefined || way.length < known.way.length) {
      circles.set(key, { folder, members, way });
    }
  }
  return [...circles.values()];
}

/** Breadth first; undefined where no way leads there. From an entry to itself it is the way round. */
function shortestWay(
  arrows: ReadonlyMap<string, ReadonlyMap<string, readonly Import[]>>,
  start: string,
  end: string,
): Import[] | undefined {
  const ways = new Map<string, Import[]>([[start, []]]);
  const queue = [start];
  for (const entry of queue) {
    for (const [next, [first]] of arrows.get(entry) ?? []) {
      if (first === undefined) continue;
      const way = [...(ways.get(entry) ?? []), first];
      if (next === end) return way;
      if (ways.has(next)) continue;
      ways.set(next, way);
      queue.push(next);
    }
  }
  return undefined;
}
