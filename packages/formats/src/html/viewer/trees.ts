/**
 * Call trees as columns of numbers, one entry a node, callers before their callees: small enough for
 * millions of nodes, and quick to walk.
 */

/** What a tree is made of. The root, all samples, is node 0 at depth 0. */
export interface TreeColumns {
  readonly depth: Int32Array;
  readonly symbol: Int32Array;
  /** Samples that end at the node. */
  readonly self: Float64Array;
  /** The same in the profile that is compared with; all 0 where there is none. */
  readonly otherSelf: Float64Array;
}

export interface Tree extends TreeColumns {
  /** Of the root: -1. */
  readonly parent: Int32Array;
  /** The node after the last one below this one. */
  readonly end: Int32Array;
  /** Samples that pass through the node. */
  readonly total: Float64Array;
  readonly otherTotal: Float64Array;
  /** Samples to the left of the node. */
  readonly start: Float64Array;
  /** The nodes of each depth that have samples, from left to right. */
  readonly rows: readonly Int32Array[];
}

/** Samples of each symbol; a function that calls itself counts once in a total. */
export interface FunctionSamples {
  readonly self: Float64Array;
  readonly total: Float64Array;
  readonly otherSelf: Float64Array;
  readonly otherTotal: Float64Array;
}

function rowsOf(depth: Int32Array, total: Float64Array): Int32Array[] {
  const sizes: number[] = [];
  for (let node = 0; node < depth.length; node++) {
    const row = depth[node] as number;
    while (sizes.length <= row) sizes.push(0);
    if ((total[node] as number) > 0) sizes[row] = (sizes[row] as number) + 1;
  }
  while (sizes.length > 1 && sizes.at(-1) === 0) sizes.pop();
  const rows = sizes.map((size) => new Int32Array(size));
  const filled = new Int32Array(rows.length);
  for (let node = 0; node < depth.length; node++) {
    if ((total[node] as number) === 0) continue;
    const row = depth[node] as number;
    const place = filled[row] as number;
    (rows[row] as Int32Array)[place] = node;
    filled[row] = place + 1;
  }
  return rows;
}

export function treeOf(columns: TreeColumns): Tree {
  const { depth, self, otherSelf } = columns;
  const size = depth.length;
  const parent = new Int32Array(size);
  const end = new Int32Array(size);
  const path: number[] = [];
  for (let node = 0; node < size; node++) {
    const level = depth[node] as number;
    parent[node] = level === 0 ? -1 : (path[level - 1] as number);
    path[level] = node;
    end[node] = node + 1;
  }
  const total = Float64Array.from(self);
  const otherTotal = Float64Array.from(otherSelf);
  for (let node = size - 1; node > 0; node--) {
    const caller = parent[node] as number;
    total[caller] = (total[caller] as number) + (total[node] as number);
    otherTotal[caller] = (otherTotal[caller] as number) + (otherTotal[node] as number);
    end[caller] = Math.max(end[caller] as number, end[node] as number);
  }
  const start = new Float64Array(size);
  const free = new Float64Array(size);
  for (let node = 1; node < size; node++) {
    const caller = parent[node] as number;
    const place = free[caller] as number;
    start[node] = place;
    free[node] = place;
    free[caller] = place + (total[node] as number);
  }
  return { ...columns, parent, end, total, otherTotal, start, rows: rowsOf(depth, total) };
}

/** The same tree, sized by the other profile. */
export function swapped({ depth, symbol, self, otherSelf }: TreeColumns): Tree {
  return treeOf({ depth, symbol, self: otherSelf, otherSelf: self });
}

export function functionsOf(tree: Tree, symbols: number): FunctionSamples {
  const samples = {
    self: new Float64Array(symbols),
    total: new Float64Array(symbols),
    otherSelf: new Float64Array(symbols),
    otherTotal: new Float64Array(symbols),
  };
  const add = (sums: Float64Array, symbol: number, values: Float64Array, node: number): void => {
    sums[symbol] = (sums[symbol] as number) + (values[node] as number);
  };
  // Where the outermost call of each symbol ends that has begun: inside it, calls are recursion.
  const insideUntil = new Int32Array(symbols);
  for (let node = 0; node < tree.depth.length; node++) {
    const symbol = tree.symbol[node] as number;
    add(samples.self, symbol, tree.self, node);
    add(samples.otherSelf, symbol, tree.otherSelf, node);
    if ((insideUntil[symbol] as number) > node) continue;
    insideUntil[symbol] = tree.end[node] as number;
    add(samples.total, symbol, tree.total, node);
    add(samples.otherTotal, symbol, tree.otherTotal, node);
  }
  return samples;
}

/** Calls of a function that are not inside another call of it, in the order of the tree. */
function outermostCalls({ symbol, end }: Tree, of: number): number[] {
  const calls: number[] = [];
  for (let node = 0; node < symbol.length; node++) {
    if (symbol[node] !== of) continue;
    calls.push(node);
    node = (end[node] as number) - 1;
  }
  return calls;
}

interface Group {
  readonly symbol: number;
  readonly depth: number;
  /** Nodes of the tree that are one in the merged tree, and what each of them brings. */
  readonly nodes: number[];
  readonly samples: number[];
  readonly others: number[];
  sum: number;
}

/** Puts trees together from groups of nodes: `next` says what comes after a group. */
function merged(first: Group, next: (group: Group) => { groups: Group[]; rest: number[] }): Tree {
  const depth: number[] = [];
  const symbol: number[] = [];
  const self: number[] = [];
  const otherSelf: number[] = [];
  const open = [first];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    const { groups, rest } = next(group);
    depth.push(group.depth);
    symbol.push(group.symbol);
    self.push(rest[0] ?? 0);
    otherSelf.push(rest[1] ?? 0);
    // Taken from the end: the largest comes last, so that it is the leftmost.
    for (const each of groups.sort((a, b) => a.sum - b.sum)) open.push(each);
  }
  return treeOf({
    depth: Int32Array.from(depth),
    symbol: Int32Array.from(symbol),
    self: Float64Array.from(self),
    otherSelf: Float64Array.from(otherSelf),
  });
}

function grouping(tree: Tree, depth: number) {
  const bySymbol = new Map<number, Group>();
  const add = (node: number, samples: number, other: number): void => {
    const symbol = tree.symbol[node] as number;
    let group = bySymbol.get(symbol);
    if (group === undefined) {
      group = { symbol, depth, nodes: [], samples: [], others: [], sum: 0 };
      bySymbol.set(symbol, group);
    }
    group.nodes.push(node);
    group.samples.push(samples);
    group.others.push(other);
    group.sum += samples + other;
  };
  return { add, groups: () => [...bySymbol.values()] };
}

function callsAsGroup(tree: Tree, symbol: number): Group {
  const nodes = outermostCalls(tree, symbol);
  const samples = nodes.map((node) => tree.total[node] as number);
  const others = nodes.map((node) => tree.otherTotal[node] as number);
  return { symbol, depth: 0, nodes, samples, others, sum: 0 };
}

/** Everything a function calls, all its calls put together: the function is the root. */
export function calleesOf(tree: Tree, of: number): Tree {
  return merged(callsAsGroup(tree, of), (group) => {
    const callees = grouping(tree, group.depth + 1);
    const rest = [0, 0];
    for (const node of group.nodes) {
      rest[0] = (rest[0] ?? 0) + (tree.self[node] as number);
      rest[1] = (rest[1] ?? 0) + (tree.otherSelf[node] as number);
      const end = tree.end[node] as number;
      for (let callee = node + 1; callee < end; callee = tree.end[callee] as number) {
        callees.add(callee, tree.total[callee] as number, tree.otherTotal[callee] as number);
      }
    }
    return { groups: callees.groups(), rest };
  });
}

/** Who called a function, and who called that: the function is the root, callers are its leaves. */
export function callersOf(tree: Tree, of: number): Tree {
  return merged(callsAsGroup(tree, of), (group) => {
    const callers = grouping(tree, group.depth + 1);
    const rest = [0, 0];
    for (const [index, node] of group.nodes.entries()) {
      const caller = tree.parent[node] as number;
      const samples = group.samples[index] as number;
      const other = group.others[index] as number;
      if (caller > 0) callers.add(caller, samples, other);
      else {
        rest[0] = (rest[0] ?? 0) + samples;
        rest[1] = (rest[1] ?? 0) + other;
      }
    }
    return { groups: callers.groups(), rest };
  });
}

/** Samples under `zoom` that pass through a matched symbol; recursion counts once. */
export function matchedSamples(tree: Tree, matched: Uint8Array, zoom: number): number {
  const isMatch = (node: number): boolean => matched[tree.symbol[node] as number] === 1;
  for (let node = zoom; node > 0; node = tree.parent[node] as number) {
    if (isMatch(node)) return tree.total[zoom] as number;
  }
  let samples = 0;
  const end = tree.end[zoom] as number;
  for (let node = zoom + 1; node < end; ) {
    const isCounted = isMatch(node);
    if (isCounted) samples += tree.total[node] as number;
    node = isCounted ? (tree.end[node] as number) : node + 1;
  }
  return samples;
}

/** Nodes of matched symbols that are not inside one another, the largest first. */
export function outermostMatches(tree: Tree, matched: Uint8Array): number[] {
  const found: number[] = [];
  for (let node = 1; node < tree.symbol.length; node++) {
    if (matched[tree.symbol[node] as number] !== 1) continue;
    if ((tree.total[node] as number) > 0) found.push(node);
    node = (tree.end[node] as number) - 1;
  }
  return found.sort((a, b) => (tree.total[b] as number) - (tree.total[a] as number) || a - b);
}
