/**
 * Functions: which of them take the time, alone and with what they call; and of one, its callers and callees.
 */

import { printable } from '@waggle/text';
import { cut, cutStart, fit } from '@waggle/text/columns';
import {
  compareNames,
  type FunctionShare,
  functionsOf,
  type Neighbour,
  neighboursOf,
} from '../model/functions.ts';
import type { Paint, Screen } from '../screen/screen.ts';
import { region } from '../screen/screen.ts';
import { percent } from '../screen/units.ts';
import { ListCursor } from './list.ts';
import { type Choices, frameText, type Key, type Shared, type View } from './view.ts';

/** Widths of the two columns of shares, with the space behind each. */
const SHARE = 8;
const BAR = 12;
/** Source lines of one function, where they are known. */
const MAX_LINES = 5;

export class FunctionsView implements View {
  readonly name = 'functions';
  readonly title = 'Functions';
  readonly keys = [
    ['enter', 'callers and callees'],
    ['>', 'sort'],
    ['f', 'find'],
  ] as const;

  /** What is looked for; lower case, empty for everything. */
  find = '';
  readonly #cursor = new ListCursor();
  #sort: 'self' | 'total' = 'self';
  #lines: readonly FunctionShare[] = [];
  /** The function whose neighbours are shown. */
  #opened: number | undefined;
  #selected: number | undefined;
  #shares: readonly FunctionShare[] = [];
  /** Of the samples that `#shares` are of. */
  #version = -1;
  #sharesFor: Shared['samples'] | undefined;

  draw(screen: Screen, shared: Shared): void {
    const all = shared.samples.tree.root.total;
    if (this.#opened === undefined) this.#drawList(screen, all, shared);
    else this.#drawOpened(screen, this.#opened, all, shared);
  }

  #drawList(screen: Screen, all: number, shared: Shared): void {
    const [by, then] = [this.#sort, this.#sort === 'self' ? 'total' : 'self'] as const;
    const { table } = shared.samples;
    this.#lines = this.#sharesOf(shared.samples)
      .filter(({ frame }) => this.#passes(frame, shared))
      .sort((a, b) => b[by] - a[by] || b[then] - a[then] || compareNames(table, a.frame, b.frame));
    if (this.#cursor.at > 0 && this.#selected !== undefined) {
      const index = this.#lines.findIndex(({ frame }) => frame === this.#selected);
      if (index >= 0) this.#cursor.at = index;
    }
    const body = Math.max(screen.height - 1, 0);
    this.#cursor.measure(this.#lines.length, body);
    this.#selected = this.#lines[this.#cursor.at]?.frame;
    this.#drawTitles(screen);
    this.#lines.slice(this.#cursor.top, this.#cursor.top + body).forEach((line, index) => {
      const selected = this.#cursor.top + index === this.#cursor.at;
      this.#drawLine(screen, index + 1, line, all, selected, shared);
    });
    if (this.#lines.length === 0 && body > 0)
      screen.put(0, 1, all === 0 ? 'no samples yet' : 'no function has that in its name', {
        fg: 'dim',
      });
  }

  press(key: Key, shared: Shared): boolean {
    if (this.#opened === undefined && this.#cursor.press(key)) {
      this.#selected = this.#lines[this.#cursor.at]?.frame;
      return true;
    }
    switch (key) {
      case '>':
        this.#sort = this.#sort === 'self' ? 'total' : 'self';
        shared.say(this.#sort === 'self' ? 'sorted by own time' : 'sorted by time with callees');
        return true;
      case 'enter':
        this.#opened = this.#lines[this.#cursor.at]?.frame;
        return true;
      case 'backspace':
      case 'u':
        return this.escape();
      default:
        return false;
    }
  }

  click(_x: number, y: number, twice: boolean, shared: Shared): void {
    const index = this.#cursor.top + y - 1;
    if (y === 0 || this.#opened !== undefined || index >= this.#lines.length) return;
    this.#cursor.at = index;
    this.#selected = this.#lines[index]?.frame;
    if (twice) this.press('enter', shared);
  }

  escape(): boolean {
    const wasSomewhere = this.#opened !== undefined || this.find !== '';
    if (this.#opened !== undefined) this.#opened = undefined;
    else this.find = '';
    return wasSomewhere;
  }

  choices(): Choices {
    return { sort: this.#sort };
  }

  choose({ sort }: Choices): void {
    if (sort === 'self' || sort === 'total') this.#sort = sort;
  }

  /** Pictures come more often than samples. */
  #sharesOf(samples: Shared['samples']): readonly FunctionShare[] {
    const { tree, version } = samples;
    if (version !== this.#version || samples !== this.#sharesFor) {
      this.#shares = functionsOf(tree);
      this.#version = version;
      this.#sharesFor = samples;
    }
    return this.#shares;
  }

  #passes(frame: number, { samples }: Shared): boolean {
    const known = samples.table.frame(frame);
    return known.kind !== 'process' && (this.find === '' || frameText(known).includes(this.find));
  }

  #drawTitles(screen: Screen): void {
    if (screen.height === 0) return;
    screen.fill(0, 0, screen.width, 1, { bg: 'panel' });
    const title = (name: 'self' | 'total'): [string, Paint] => [
      fit(this.#sort === name ? `${name}%▾` : `${name}%`, SHARE - 1, 'right'),
      { bg: 'panel', fg: this.#sort === name ? 'accent' : 'dim', bold: this.#sort === name },
    ];
    screen.put(0, 0, ...title('self'));
    screen.put(SHARE, 0, ...title('total'));
    screen.put(2 * SHARE + BAR, 0, 'FUNCTION', { fg: 'dim', bg: 'panel' });
  }

  #drawLine(
    screen: Screen,
    y: number,
    { frame, self, total }: FunctionShare,
    all: number,
    selected: boolean,
    shared: Shared,
  ): void {
    const back: Paint = selected ? { bg: 'selection', inverse: true } : {};
    if (selected) screen.fill(0, y, screen.width, 1, back);
    const share = (value: number) =>
      fit(percent(all > 0 ? (value / all) * 100 : 0), SHARE - 1, 'right');
    screen.put(0, y, share(self), { ...back, fg: 'text' });
    screen.put(SHARE, y, share(total), { ...back, fg: 'text' });
    const filled =
      all > 0 ? Math.round((this.#value({ frame, self, total }) / all) * (BAR - 2)) : 0;
    screen.put(2 * SHARE, y, '█'.repeat(filled), { ...back, fg: 'accent' });
    drawName(screen, 2 * SHARE + BAR, y, frame, back, shared);
  }

  #value(line: FunctionShare): number {
    return line[this.#sort];
  }

  #drawOpened(screen: Screen, frame: number, all: number, shared: Shared): void {
    const { callers, callees, self } = neighboursOf(
      shared.samples.tree,
      frame,
      shared.samples.table,
    );
    const lines = shared.samples.linesOf(frame).slice(0, MAX_LINES);
    const own = lines.length === 0 ? 0 : lines.length + 1;
    const rows = Math.max(Math.floor((screen.height - 1 - own) / 2), 0);
    const above = region(screen, 0, 0, screen.width, rows);
    drawNeighbours(above, 'called by', callers, all, shared);
    if (rows < screen.height) {
      screen.fill(0, rows, screen.width, 1, { bg: 'selection', inverse: true });
      const share = all > 0 ? ((self / all) * 100).toFixed(1) : '0.0';
      const x = screen.put(0, rows, `${share} % alone  `, {
        bg: 'selection',
        bold: true,
        inverse: true,
      });
      drawName(screen, x, rows, frame, { bg: 'selection', bold: true, inverse: true }, shared);
    }
    const middle = region(screen, 0, rows + 1, screen.width, own);
    if (own > 0) drawLines(middle, lines, all);
    const top = rows + 1 + own;
    const below = region(screen, 0, top, screen.width, screen.height - top);
    drawNeighbours(below, 'calls', callees, all, shared);
  }
}

/** Where in its source a function itself took the time. */
function drawLines(
  screen: Screen,
  lines: readonly { readonly place: string; readonly count: number }[],
  all: number,
): void {
  screen.fill(0, 0, screen.width, Math.min(1, screen.height), { bg: 'panel' });
  screen.put(0, 0, 'lines', { fg: 'dim', bg: 'panel' });
  lines.slice(0, Math.max(screen.height - 1, 0)).forEach(({ place, count }, index) => {
    const share = percent(all > 0 ? (count / all) * 100 : 0);
    screen.put(0, index + 1, fit(share, SHARE - 1, 'right'), { fg: 'text' });
    // Of a long path its end says more.
    screen.put(SHARE, index + 1, cutStart(printable(place), screen.width - SHARE), { fg: 'good' });
  });
}

function drawNeighbours(
  screen: Screen,
  title: string,
  neighbours: readonly Neighbour[],
  all: number,
  shared: Shared,
): void {
  screen.fill(0, 0, screen.width, 1, { bg: 'panel' });
  screen.put(0, 0, title, { fg: 'dim', bg: 'panel' });
  neighbours.slice(0, Math.max(screen.height - 1, 0)).forEach(({ frame, count }, index) => {
    const share = percent(all > 0 ? (count / all) * 100 : 0);
    screen.put(0, index + 1, fit(share, SHARE - 1, 'right'), { fg: 'text' });
    drawName(screen, SHARE, index + 1, frame, {}, shared);
  });
}

function drawName(
  screen: Screen,
  x: number,
  y: number,
  frame: number,
  paint: Paint,
  { samples }: Shared,
): void {
  if (frame < 0) {
    screen.put(x, y, '(nobody)', { ...paint, fg: 'dim' });
    return;
  }
  const { name, kind, object } = samples.table.frame(frame);
  const room = screen.width - x;
  const tone = kind === 'kernel' ? 'warn' : 'text';
  const used = screen.put(x, y, cut(printable(name), room), { ...paint, fg: tone });
  if (object !== undefined && room - used > 4)
    screen.put(x + used + 2, y, cut(printable(object), room - used - 2), { ...paint, fg: 'dim' });
}
