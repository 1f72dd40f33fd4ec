/**
 * The call trees of V8's profilers: nodes with the function they are of and their children, and how
 * often or how long each was at the top. From protocol/js_protocol.pdl (Profiler.ProfileNode,
 * HeapProfiler.SamplingHeapProfileNode) of the Chrome DevTools Protocol.
 */
import { type JsonObject, jsonShape } from '../json-shape.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { ProfileFrame, ProfileStack, ProfileValues } from '../profile.ts';

export class ChromeSyntaxError extends Error {
  override readonly name = 'ChromeSyntaxError';
  readonly code = 'CHROME_SYNTAX';
}

export const json = jsonShape('V8 profile', ChromeSyntaxError);

export interface CallTreeNode {
  readonly id: number;
  readonly frame: ProfileFrame | undefined;
  parent: number | undefined;
  /** Of the node itself, in the order of the profile's values. */
  values: readonly number[];
}

export type CallTree = ReadonlyMap<number, CallTreeNode>;

/** V8's names for what is no function of the program. Its root stands for nothing. */
const ROOT = '(root)';

export function frameOf(callFrame: JsonObject): ProfileFrame | undefined {
  const { functionName, url } = callFrame;
  if (functionName === ROOT) return undefined;
  const name =
    typeof functionName === 'string' && functionName !== '' ? functionName : '(anonymous)';
  const file = typeof url === 'string' && url !== '' ? { file: url } : {};
  // The line that V8 gives is where the function begins, not where it was.
  return { name, kind: 'user', ...file };
}

export function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ChromeSyntaxError(`${what} is no number`);
  return value;
}

/** Every node with values of its own, under the frames that lead to it. */
export function stacksOf(
  tree: CallTree,
  values: ProfileValues | undefined,
  outermost: readonly ProfileFrame[],
  budget: MemoryBudget,
): ProfileStack[] {
  const pathOf = (id: number): readonly ProfileFrame[] => {
    const frames: ProfileFrame[] = [];
    let steps = 0;
    let at: number | undefined = id;
    while (at !== undefined) {
      const node: CallTreeNode | undefined = tree.get(at);
      if (node === undefined) throw new ChromeSyntaxError(`there is no node ${at}`);
      if (node.frame !== undefined) frames.push(node.frame);
      if (++steps > tree.size) throw new ChromeSyntaxError(`node ${id} is its own caller`);
      at = node.parent;
    }
    // Nodes without a function have to be passed too, by each that they lead to.
    budget.stack(steps + outermost.length);
    return outermost.concat(frames.reverse());
  };
  for (const { frame } of tree.values()) if (frame !== undefined) budget.frame(frame);
  const stacks: ProfileStack[] = [];
  for (const { id, values: all } of tree.values()) {
    if (all.every((value) => value === 0)) continue;
    const count = all[values?.shown ?? 0] ?? 0;
    stacks.push({
      frames: pathOf(id),
      count,
      ...(values === undefined ? {} : { values: all }),
    });
  }
  return stacks;
}
