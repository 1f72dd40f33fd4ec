/** Which samples are shown by where their threads were: what a state's box holds has that state. */
import type { PageData } from '../page-data.ts';
import type { TreeColumns } from './trees.ts';

type States = NonNullable<PageData['states']>;

/** The state's index for each node. Nodes above or beside all states have that of running threads, or -1. */
export function stateOfNodes({ depth, symbol }: TreeColumns, states: States): Int8Array {
  const ofSymbol = new Map(states.map((state, index) => [state.symbol, index]));
  const running = ofSymbol.get(-1) ?? -1;
  const found = new Int8Array(depth.length);
  const path: number[] = [];
  for (let node = 0; node < depth.length; node++) {
    const level = depth[node] as number;
    const above = level === 0 ? running : (path[level - 1] as number);
    const own = ofSymbol.get(symbol[node] as number);
    path[level] = above !== running ? above : (own ?? above);
    found[node] = path[level] as number;
  }
  return found;
}

/** The same tree with nothing of the states that are hidden. */
export function withoutStates(
  columns: TreeColumns,
  ofNode: Int8Array,
  hidden: ReadonlySet<number>,
): TreeColumns {
  if (hidden.size === 0) return columns;
  const kept = (values: TreeColumns['self']) =>
    Float64Array.from(values, (value, node) => (hidden.has(ofNode[node] as number) ? 0 : value));
  return { ...columns, self: kept(columns.self), otherSelf: kept(columns.otherSelf) };
}
