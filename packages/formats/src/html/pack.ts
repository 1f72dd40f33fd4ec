/**
 * A call tree as the page holds it: names in tables, once each, and the tree as columns of numbers.
 * The numbers are LEB128 (least significant seven bits first, as in DWARF 5, 7.6), column after
 * column since like compresses with like, then gzip, then base64. viewer/unpack.ts reads them.
 */
import { type CallNode, type CallTree, sortedChildren } from '../flame-graph/call-tree.ts';
import { palette, shadeClass } from '../flame-graph/palette.ts';
import { displayText } from '../flame-graph/safe-text.ts';
import { Interned } from '../interned.ts';
import type { ProfileFrame } from '../profile.ts';
import { zlib } from '../zlib.ts';

/** Symbols are parallel lists; symbol 0 stands for all samples. */
export interface PackedTree {
  readonly names: readonly string[];
  /** Indexes into `kinds`. */
  readonly kindOf: readonly number[];
  readonly kinds: readonly string[];
  /** Indexes into `objects`, -1 for none. */
  readonly objectOf: readonly number[];
  readonly objects: readonly string[];
  /** Indexes into the palette. */
  readonly shadeOf: readonly number[];
  readonly columns: string;
}

interface Symbol {
  readonly name: string;
  readonly kind: number;
  readonly object: number;
  readonly shade: number;
}

class Column {
  #bytes = new Uint8Array(1024);
  #length = 0;

  add(value: number): void {
    // A count has at most 53 bits: 8 bytes.
    if (this.#length + 8 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

const shadeIndex = new Map(palette.map(({ className }, index) => [className, index]));

function symbolTable() {
  const kinds = new Interned<string>();
  const objects = new Interned<string>();
  const symbols = new Interned<Symbol>();
  const all = kinds.indexOf('', () => '');
  symbols.indexOf('', () => ({ name: 'all', kind: all, object: -1, shade: 0 }));
  const entered = new Map<ProfileFrame, number>();
  const enter = ({ kind, name, object: path }: ProfileFrame): number => {
    const object = path === undefined ? -1 : objects.indexOf(path, () => displayText(path));
    return symbols.indexOf(`${kind} ${object} ${name}`, () => ({
      name: displayText(name),
      kind: kinds.indexOf(kind, () => kind),
      object,
      shade: shadeIndex.get(shadeClass(kind, name)) ?? 0,
    }));
  };
  /** Nodes of one function mostly share its frame, so that no text is compared for them. */
  const indexOf = ({ frame }: CallNode): number => {
    if (frame === undefined) return 0;
    let index = entered.get(frame);
    if (index === undefined) {
      index = enter(frame);
      entered.set(frame, index);
    }
    return index;
  };
  return { kinds, objects, symbols, indexOf };
}

/** Callers before their callees, each with its depth; siblings in the order of the SVG. */
function visitInOrder(root: CallNode, visit: (node: CallNode, depth: number) => void): void {
  const open = [root];
  const depths = [0];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const depth = depths.pop() as number;
    visit(node, depth);
    const { firstChild } = node;
    if (firstChild === undefined) continue;
    if (firstChild.nextSibling === undefined) {
      open.push(firstChild);
      depths.push(depth + 1);
      continue;
    }
    for (const child of sortedChildren(node).reverse()) {
      open.push(child);
      depths.push(depth + 1);
    }
  }
}

export function packTree(tree: CallTree, isCompared: boolean): PackedTree {
  const { kinds, objects, symbols, indexOf } = symbolTable();
  const size = new Column();
  const [ups, symbolOf, self, otherSelf] = [
    new Column(),
    new Column(),
    new Column(),
    new Column(),
  ] as const;
  size.add(tree.size + 1);
  let previous = -1;
  visitInOrder(tree.root, (node, depth) => {
    if (depth > 0) ups.add(previous + 1 - depth);
    previous = depth;
    symbolOf.add(indexOf(node));
    self.add(node.self);
    if (isCompared) otherSelf.add(node.otherSelf);
  });
  const columns = [size, ups, symbolOf, self, otherSelf].map((column) => column.bytes());
  return {
    names: symbols.rows.map(({ name }) => name),
    kindOf: symbols.rows.map(({ kind }) => kind),
    kinds: kinds.rows,
    objectOf: symbols.rows.map(({ object }) => object),
    objects: objects.rows,
    shadeOf: symbols.rows.map(({ shade }) => shade),
    columns: zlib().gzipSync(Buffer.concat(columns)).toString('base64'),
  };
}
