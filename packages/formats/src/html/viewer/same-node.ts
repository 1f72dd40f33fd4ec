/**
 * A box of one tree in another of the same program, by the names on the way to it: numbers of nodes and symbols are
 * of one tree alone.
 */
import type { PageData } from '../page-data.ts';
import type { Tree } from './trees.ts';

interface NamedTree {
  readonly tree: Tree;
  /** What each symbol is, by `symbolKeys`. */
  readonly symbols: readonly string[];
}

/** One text for each symbol, the same wherever that function is named. */
export function symbolKeys({
  names,
  kindOf,
  kinds,
  objectOf,
  objects,
}: Pick<PageData, 'names' | 'kindOf' | 'kinds' | 'objectOf' | 'objects'>): string[] {
  return names.map((name, at) =>
    [kinds[kindOf[at] ?? -1], objects[objectOf[at] ?? -1], name].join('\0'),
  );
}

/** The same box as the zoomed one, or as far on the way to it as the other tree goes. */
export function sameNode(
  { tree, symbols, zoom }: NamedTree & { readonly zoom: number },
  next: NamedTree,
): number {
  const path: string[] = [];
  for (let node = zoom; node > 0; node = tree.parent[node] as number)
    path.unshift(symbols[tree.symbol[node] as number] ?? '');
  let found = 0;
  for (const key of path) {
    const callee = calleeNamed(next, found, key);
    if (callee < 0) break;
    found = callee;
  }
  return found;
}

function calleeNamed({ tree, symbols }: NamedTree, node: number, key: string): number {
  const last = tree.end[node] as number;
  for (let callee = node + 1; callee < last; callee = tree.end[callee] as number) {
    const isIt = symbols[tree.symbol[callee] as number] === key;
    if (isIt && (tree.total[callee] as number) > 0) return callee;
  }
  return -1;
}
