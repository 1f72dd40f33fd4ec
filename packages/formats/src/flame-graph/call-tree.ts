/**
 * Stacks merged from the root into a call tree: one node per distinct path. Used by the flame graph,
 * whose boxes are these nodes. Nothing here recurses, so a stack may be as deep as memory allows.
 */
import { type ProfileFrame, type ProfileStack, totalSamples } from '../profile.ts';
import { type SEVERAL_FILES, type SourceRange, widened } from './source-range.ts';

/** A stack of two profiles that are compared: `count` in the one that is shown, `other` in the other. */
export interface ComparedStack extends ProfileStack {
  readonly other?: number;
}

export interface CallNode {
  /** `undefined` for the root, which stands for all samples. */
  readonly frame: ProfileFrame | undefined;
  /** Samples whose stack passes through this node. */
  count: number;
  /** Samples whose stack ends at this node. */
  self: number;
  /** The same two in the profile that this one is compared with: 0 where there is none. */
  other: number;
  otherSelf: number;
  /** Of all frames that this node stands for. */
  source: SourceRange | typeof SEVERAL_FILES | undefined;
  /** Children are a linked list, since most nodes have one or two and a tree has millions. */
  firstChild: CallNode | undefined;
  nextSibling: CallNode | undefined;
  childCount: number;
  /** The children by name, once they are many; those of one name are linked by `twin`. */
  childrenByName: Map<string, CallNode> | undefined;
  twin: CallNode | undefined;
}

export interface CallTree {
  readonly root: CallNode;
  /** Nodes without the root. */
  readonly size: number;
  /** Of these, nodes with a count: the others are only in the profile that is compared with. */
  readonly counted: number;
}

/** Up to this many children a walk along the list is quicker than a map. */
const LISTED_CHILDREN = 8;

function newNode(frame: ProfileFrame | undefined): CallNode {
  return {
    frame,
    count: 0,
    self: 0,
    other: 0,
    otherSelf: 0,
    source: undefined,
    firstChild: undefined,
    nextSibling: undefined,
    childCount: 0,
    childrenByName: undefined,
    twin: undefined,
  };
}

/** Functions of one name are apart when they are of different objects, or of kernel and user. */
function isOf(node: CallNode, frame: ProfileFrame): boolean {
  const own = node.frame;
  return (
    own === frame ||
    (own?.name === frame.name && own.kind === frame.kind && own.object === frame.object)
  );
}

function findChild(node: CallNode, frame: ProfileFrame): CallNode | undefined {
  if (node.childrenByName === undefined) {
    let child = node.firstChild;
    while (child !== undefined && !isOf(child, frame)) child = child.nextSibling;
    return child;
  }
  let child = node.childrenByName.get(frame.name);
  while (child !== undefined && !isOf(child, frame)) child = child.twin;
  return child;
}

function indexChild(index: Map<string, CallNode>, child: CallNode): void {
  const name = child.frame?.name ?? '';
  child.twin = index.get(name);
  index.set(name, child);
}

function addChild(node: CallNode, frame: ProfileFrame): CallNode {
  const child = newNode(frame);
  child.nextSibling = node.firstChild;
  node.firstChild = child;
  node.childCount++;
  if (node.childrenByName !== undefined) {
    indexChild(node.childrenByName, child);
  } else if (node.childCount > LISTED_CHILDREN) {
    node.childrenByName = new Map();
    for (const listed of unsortedChildren(node)) indexChild(node.childrenByName, listed);
  }
  return child;
}

/** @throws RangeError when a count is not a whole number of samples. */
export function buildCallTree(stacks: readonly ComparedStack[]): CallTree {
  totalSamples(stacks);
  const root = newNode(undefined);
  let size = 0;
  let counted = 0;
  for (const { frames, count, other = 0 } of stacks) {
    if (count === 0 && other === 0) continue;
    let node = root;
    node.count += count;
    node.other += other;
    for (const frame of frames) {
      let child = findChild(node, frame);
      if (child === undefined) {
        child = addChild(node, frame);
        size++;
      }
      if (child.count === 0 && count > 0) counted++;
      child.count += count;
      child.other += other;
      if (frame.file !== undefined) child.source = widened(child.source, frame);
      node = child;
    }
    node.self += count;
    node.otherSelf += other;
  }
  return { root, size, counted };
}

function unsortedChildren(node: CallNode): CallNode[] {
  const children: CallNode[] = [];
  for (let child = node.firstChild; child !== undefined; child = child.nextSibling) {
    children.push(child);
  }
  return children;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By name, kind and object in code-unit order: the same in every locale and every run. */
function compareNodes(a: CallNode, b: CallNode): number {
  const [left, right] = [a.frame, b.frame];
  return (
    compareText(left?.name ?? '', right?.name ?? '') ||
    compareText(left?.kind ?? '', right?.kind ?? '') ||
    compareText(left?.object ?? '', right?.object ?? '')
  );
}

/** A node's children in an order that does not depend on the order of the stacks. */
export function sortedChildren(node: CallNode): CallNode[] {
  return unsortedChildren(node).sort(compareNodes);
}
