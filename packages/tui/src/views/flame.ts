/**
 * The flame graph: where CPU time goes, of everything or of what is selected, growing as one looks.
 */

import { printable } from '@waggle/text';
import { cut } from '@waggle/text/columns';
import type { CallNode } from '../model/call-tree.ts';
import { type Change, changeOf, sameNode } from '../model/change.ts';
import { amountText } from '../model/measures.ts';
import type { Paint, Screen, Shade, Tone } from '../screen/screen.ts';
import { SHADES } from '../screen/screen.ts';
import { type Bar, byName, layOut } from './flame-layout.ts';
import { type Choices, frameText, type Key, type Shared, type View } from './view.ts';

const COLOURINGS = ['kind', 'package', 'state', 'change'] as const;
type Colouring = (typeof COLOURINGS)[number];

const COLOURED_BY: Readonly<Record<Colouring, string>> = {
  kind: 'kind of code',
  package: 'program or library',
  state: 'what threads wait for',
  change: `what changed in the last seconds: ▲ more, ▼ less`,
};
const NOTHING: Readonly<Record<Shared['measure'], string>> = {
  cpu: 'no samples yet: nothing that is shown has used a CPU',
  'off-cpu': 'nothing yet: of what is shown nothing has waited and gone on',
  wall: 'nothing yet: of what is shown nothing has run, or waited and gone on',
};

/** What ended within it has changed just now. */
const RECENT_MS = 3000;

const MARKS: Readonly<Record<Change, string>> = { more: '▲ ', less: '▼ ', same: '' };
const CHANGED: Readonly<Record<Change, Tone>> = {
  more: 'kernel1',
  less: 'process1',
  same: 'unresolved2',
};

/** What stands at the end of stacks off the CPU. */
const STATES: Readonly<Record<string, Tone>> = {
  '[runnable]': 'unresolved1',
  '[interruptible]': 'process1',
  '[uninterruptible]': 'kernel1',
};

export class FlameView implements View {
  readonly name = 'flame';
  readonly title = 'Flame graph';
  readonly keys = [
    ['enter', 'zoom in'],
    ['u', 'zoom out'],
    ['f', 'find'],
    ['n', 'next found'],
    ['i', 'upside down'],
    ['c', 'colours'],
    ['d', 'what changed'],
    ['b', 'kernel frames'],
  ] as const;

  /** What is looked for; lower case, empty for nothing. */
  find = '';
  /** Frames from the root on: the tree is made anew all the time, its nodes with it. */
  #zoom: readonly number[] = [];
  #selected: readonly number[] = [];
  #upsideDown = false;
  #colouring: Colouring = 'kind';
  #kernel = true;
  #bars: readonly Bar[] = [];
  #rows = 0;
  /** Of the last seconds, while what changed is shown. */
  #recent: CallNode | undefined;

  draw(screen: Screen, shared: Shared): void {
    const { samples } = shared;
    const { tree } = samples;
    const rows = Math.max(screen.height - 1, 0);
    this.#rows = rows;
    this.#recent = this.#colouring === 'change' ? samples.recent(RECENT_MS).root : undefined;
    const zoomed = nodeAt(tree.root, this.#zoom);
    this.#zoom = pathOf(zoomed);
    this.#bars = layOut(zoomed, screen.width, rows, (frame) => samples.table.frame(frame).name);
    const selected = nodeAt(tree.root, this.#selected);
    for (const bar of this.#bars) this.#drawBar(screen, bar, bar.node === selected, shared);
    if (tree.root.total === 0 && rows > 2) screen.put(0, 2, NOTHING[shared.measure], { fg: 'dim' });
    if (screen.height > 0) this.#drawDetails(screen, screen.height - 1, selected, shared);
  }

  press(key: Key, shared: Shared): boolean {
    const { root } = shared.samples.tree;
    const node = nodeAt(root, this.#selected);
    const nameOf = (frame: number) => shared.samples.table.frame(frame).name;
    switch (key) {
      case 'down':
      case 'j':
        return this.#step(node, this.#upsideDown ? 'out' : 'in');
      case 'up':
      case 'k':
        return this.#step(node, this.#upsideDown ? 'in' : 'out');
      case 'left':
      case 'h':
        return this.#beside(node, -1, nameOf);
      case 'right':
      case 'l':
        return this.#beside(node, 1, nameOf);
      case 'enter':
        this.#zoom = pathOf(node);
        return true;
      case 'u':
      case 'backspace':
        this.#zoom = this.#zoom.slice(0, -1);
        this.#selected = this.#zoom;
        return true;
      case 'home':
      case 'g':
        this.#zoom = [];
        this.#selected = [];
        return true;
      case 'i':
        this.#upsideDown = !this.#upsideDown;
        return true;
      case 'c':
        this.#colouring =
          COLOURINGS[(COLOURINGS.indexOf(this.#colouring) + 1) % COLOURINGS.length] ?? 'kind';
        shared.say(`coloured by ${COLOURED_BY[this.#colouring]}`);
        return true;
      case 'd':
        this.#colouring = this.#colouring === 'change' ? 'kind' : 'change';
        shared.say(`coloured by ${COLOURED_BY[this.#colouring]}`);
        return true;
      case 'b':
        this.#kernel = !this.#kernel;
        shared.setFrames(({ kind }) => this.#kernel || kind !== 'kernel');
        shared.say(this.#kernel ? 'with kernel frames' : 'without kernel frames');
        return true;
      case 'n':
      case 'N':
        return this.#nextFound(key === 'n' ? 1 : -1, shared);
      default:
        return false;
    }
  }

  click(x: number, y: number, twice: boolean, shared: Shared): void {
    const bar = this.#bars.find(
      (each) => this.#y(each.row) === y && x >= each.x && x < each.x + each.width,
    );
    if (bar === undefined) return;
    this.#selected = pathOf(bar.node);
    if (twice) this.press('enter', shared);
  }

  choices(): Choices {
    return { colouring: this.#colouring, upsideDown: this.#upsideDown };
  }

  choose({ colouring, upsideDown }: Choices): void {
    this.#colouring = COLOURINGS.find((each) => each === colouring) ?? this.#colouring;
    if (typeof upsideDown === 'boolean') this.#upsideDown = upsideDown;
  }

  escape(): boolean {
    const wasSomewhere = this.#zoom.length > 0 || this.find !== '';
    this.#zoom = [];
    this.find = '';
    return wasSomewhere;
  }

  #y(row: number): number {
    return this.#upsideDown ? this.#rows - 1 - row : row;
  }

  #drawBar(screen: Screen, { node, row, x, width }: Bar, selected: boolean, shared: Shared): void {
    const y = this.#y(row);
    const isFound = this.find !== '' && this.#isFound(node, shared);
    const tone = isFound ? 'match' : this.#toneOf(node, shared);
    const paint: Paint = selected
      ? { fg: 'text', bg: 'selection', bold: true, inverse: true }
      : { fg: 'text', bg: tone };
    screen.fill(x, y, width, 1, paint);
    const label = `${MARKS[this.#changeOf(node, shared)]}${labelOf(node, shared)}`;
    // A gap between neighbours, where there is room for one.
    const room = width > 3 ? width - 1 : width;
    if (width > 2) screen.put(x, y, cut(label, room), paint, room);
    if (width > 3 && x + width < screen.width)
      screen.put(x + width - 1, y, '▕', { ...paint, fg: 'background' });
  }

  #drawDetails(screen: Screen, y: number, node: CallNode, shared: Shared): void {
    const all = shared.samples.tree.root.total;
    const share = (value: number) => `${all > 0 ? ((value / all) * 100).toFixed(1) : '0.0'} %`;
    const object = node.frame < 0 ? undefined : shared.samples.table.frame(node.frame).object;
    const found = this.find === '' ? '' : `  found: ${share(this.#foundTotal(shared))}`;
    const words = `${labelOf(node, shared)}  ${share(node.total)} (${amountText(shared.measure, node.total)}), alone ${share(node.self)}${object === undefined ? '' : `  ${printable(object)}`}${found}`;
    screen.fill(0, y, screen.width, 1, { bg: 'panel' });
    screen.put(0, y, cut(words, screen.width), { bg: 'panel', fg: 'accent' });
  }

  #isFound(node: CallNode, { samples }: Shared): boolean {
    return node.frame >= 0 && frameText(samples.table.frame(node.frame)).includes(this.find);
  }

  /** Samples with what is looked for in their stack. */
  #foundTotal(shared: Shared): number {
    let sum = 0;
    const visit = (node: CallNode): void => {
      if (this.#isFound(node, shared)) sum += node.total;
      else for (const child of node.children.values()) visit(child);
    };
    visit(shared.samples.tree.root);
    return sum;
  }

  #nextFound(step: 1 | -1, shared: Shared): boolean {
    const found = this.#bars.filter(({ node }) => this.find !== '' && this.#isFound(node, shared));
    if (found.length === 0) {
      shared.say(
        this.find === '' ? 'nothing is looked for: press f' : 'not found in what is shown',
      );
      return true;
    }
    const selected = nodeAt(shared.samples.tree.root, this.#selected);
    const at = found.findIndex(({ node }) => node === selected);
    const next = found[(at + step + found.length) % found.length] ?? found[0];
    if (next !== undefined) this.#selected = pathOf(next.node);
    return true;
  }

  #step(node: CallNode, way: 'in' | 'out'): boolean {
    if (way === 'out') {
      if (node.parent !== undefined) this.#selected = pathOf(node.parent);
      return true;
    }
    let largest: CallNode | undefined;
    for (const child of node.children.values())
      if (largest === undefined || child.total > largest.total) largest = child;
    if (largest !== undefined) this.#selected = pathOf(largest);
    return true;
  }

  #beside(node: CallNode, step: 1 | -1, nameOf: (frame: number) => string): boolean {
    if (node.parent === undefined) return true;
    const siblings = byName(node.parent, nameOf);
    const beside = siblings[siblings.indexOf(node) + step];
    if (beside !== undefined) this.#selected = pathOf(beside);
    return true;
  }

  #changeOf(node: CallNode, { samples }: Pick<Shared, 'samples'>): Change {
    if (this.#recent === undefined || node.frame < 0) return 'same';
    const { total } = samples.tree.root;
    return changeOf(node, total, sameNode(this.#recent, pathOf(node)), this.#recent.total);
  }

  #toneOf(node: CallNode, { samples }: Pick<Shared, 'samples'>): Tone {
    if (node.frame < 0) return 'panel';
    if (this.#colouring === 'change') return CHANGED[this.#changeOf(node, { samples })];
    const { kind, name, object = '' } = samples.table.frame(node.frame);
    if (this.#colouring === 'state') return STATES[name] ?? 'user2';
    const shade = shadeOf(this.#colouring === 'kind' ? name : object);
    return `${this.#colouring === 'package' && kind === 'process' ? 'user' : kind}${shade}`;
  }
}

function labelOf(node: CallNode, { samples }: Shared): string {
  return node.frame < 0 ? 'all' : printable(samples.table.frame(node.frame).name);
}

/** As much of the way as there still is. */
function nodeAt(root: CallNode, path: readonly number[]): CallNode {
  let node = root;
  for (const frame of path) {
    const child = node.children.get(frame);
    if (child === undefined) return node;
    node = child;
  }
  return node;
}

function pathOf(node: CallNode): number[] {
  const path: number[] = [];
  for (let at: CallNode | undefined = node; at?.parent !== undefined; at = at.parent)
    path.unshift(at.frame);
  return path;
}

/** The same name has the same shade in every picture. */
function shadeOf(name: string): Shade {
  let hash = 0;
  for (let index = 0; index < name.length; index++)
    hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  return ((hash >>> 3) % SHADES) as Shade;
}
