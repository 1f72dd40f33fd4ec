// The rules of the tree. They hold for all of it: tests, benchmarks and scripts too.
//
// 1. In every folder, what lies in it (files and folders) imports each other without a circle. For
//    `packages/` that means packages; for a package, its rooms; for a room, its files. So each
//    folder can be read from the bottom up, and no arrow runs back. A test stands above all that it
//    tests, in whatever folder it lies: nothing imports it, so that it is left out of the circles.
// 2. Packages may import only what PACKAGES names: rule 1 alone would allow an arrow from cache to ffi.
// 3. The folders beside packages/ have the order of PLACES, and what is published needs nothing else.

import { type Import, isPublished, isTest } from './imports.ts';

/** Folders of the repository; each may import those before it. */
const PLACES = ['bench', 'packages', 'examples', 'tests', 'scripts'];

/** What each package may import. A new package is added here first. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  bpf: [],
  cache: [],
  ffi: [],
  symbols: [],
  text: [],
  formats: ['text'],
  kernel: ['bpf', 'ffi'],
  events: ['bpf', 'cache', 'ffi', 'kernel', 'text'],
  probes: ['cache', 'symbols'],
  timeline: ['text'],
  unwind: ['symbols'],
  profiler: ['bpf', 'cache', 'ffi', 'formats', 'symbols', 'unwind'],
  core: [
    'bpf',
    'cache',
    'events',
    'ffi',
    'formats',
    'kernel',
    'probes',
    'profiler',
    'symbols',
    'text',
    'unwind',
  ],
  otlp: ['core', 'formats'],
  serve: ['cache', 'core', 'formats', 'store', 'text', 'timeline'],
  store: ['core', 'ffi', 'formats'],
  tui: ['cache', 'core', 'ffi', 'formats', 'text'],
  cli: [
    'bpf',
    'cache',
    'core',
    'ffi',
    'formats',
    'kernel',
    'otlp',
    'probes',
    'profiler',
    'serve',
    'store',
    'symbols',
    'text',
    'timeline',
    'tui',
    'unwind',
  ],
};

/** Entries of one folder that can be reached from each other. */
export interface Circle {
  readonly folder: string;
  /** Names in the folder, in alphabetical order. */
  readonly members: readonly string[];
  /** The shortest way round, as imports of files. */
  readonly way: readonly Import[];
}

/** An import that has no place in the order, and the rule that it breaks. */
export interface ForbiddenArrow extends Import {
  readonly why: string;
}

export function forbiddenArrows(imports: readonly Import[]): ForbiddenArrow[] {
  return imports.flatMap((arrow) => {
    const why = brokenRule(arrow);
    return why === undefined ? [] : [{ ...arrow, why }];
  });
}

function brokenRule({ from, to }: Import): string | undefined {
  if (isTest(to)) return 'nothing may import a test: move what both need to a file of its own';
  if (isPublished(from) && !isPublished(to))
    return 'what is published may import only what is published too';
  const [place, target] = [placeOf(from), placeOf(to)];
  const lower = PLACES.slice(0, PLACES.indexOf(place) + 1);
  if (!lower.includes(target))
    return `${place}/ may import only ${lower.join('/, ')}/: move the code to where both may reach it`;
  if (place !== 'packages' || target !== 'packages') return undefined;
  const source = packageOf(from);
  if (source === packageOf(to) || PACKAGES[source]?.includes(packageOf(to))) return undefined;
  return `${source} may import only ${PACKAGES[source]?.join(', ') || 'no other package'}: \
move the code to where both may reach it, or name the arrow in PACKAGES of scripts/layers/layers.ts`;
}

function placeOf(file: string): string {
  return file.split('/')[0] ?? '';
}

export function packageOf(file: string): string {
  return file.split('/')[1] ?? '';
}

export function findCircles(imports: readonly Import[]): Circle[] {
  const folders = new Map<string, Import[]>();
  for (const imported of imports) {
    if (isTest(imported.from)) continue;
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
  return file.slice(folder === '' ? 0 : folder.length + 1).split('/')[0] ?? '';
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
