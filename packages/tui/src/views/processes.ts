/**
 * Processes: who runs, how much CPU and memory each takes, who starts others, and how what ended did so.
 */

import { printable, shortDuration, shortSize } from '@waggle/text';
import { columnsOf, cut, fit } from '@waggle/text/columns';
import type { ProcessRow } from '../model/process-row.ts';
import type { Paint, Screen } from '../screen/screen.ts';
import { percent, rate } from '../screen/units.ts';
import { ListCursor } from './list.ts';
import {
  asTree,
  compareBy,
  type ListedProcess,
  listed,
  type ProcessLines,
  SORTS,
  type Sort,
  treeLines,
  weightBy,
} from './process-order.ts';
import type { Choices, Key, Shared, View } from './view.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly sort?: Sort;
  readonly side: 'left' | 'right';
  text(row: ProcessRow, shared: Shared): string;
}

/** Columns for narrow screens first; what has no room is left out. */
const WIDE_FROM = 110;
const SHORT_ID = 12;
/** Time over which samples tell a process's share. */
const SAMPLED_MS = 5000;

export class ProcessesView implements View {
  readonly name = 'processes';
  readonly title = 'Processes';
  readonly keys = [
    ['enter', 'its flame graph'],
    ['>', 'sort'],
    ['t', 'tree or list'],
    ['left/right', 'collapse'],
    ['p', 'pin'],
    ['K', 'kernel threads'],
  ] as const;

  readonly #cursor = new ListCursor();
  #sort: Sort = 'cpu';
  #tree = false;
  #kernelThreads = false;
  readonly #collapsed = new Set<number>();
  #lines: ProcessLines = treeLines([]);
  /** What the order of the lines depends on, in words: between two pictures of one moment it stays. */
  #ordered = '';
  #selected: number | undefined;
  #sampled = new Map<number, number>();

  draw(screen: Screen, shared: Shared): void {
    this.#order(shared);
    const columns = columnsFor(screen.width, (row) => this.#sampledPercent(row.pid, shared));
    const body = Math.max(screen.height - 1, 0);
    this.#follow();
    this.#cursor.measure(this.#lines.length, body);
    this.#selected = this.#lines.at(this.#cursor.at)?.row.pid;
    let x = 0;
    screen.fill(0, 0, screen.width, Math.min(1, screen.height), { bg: 'panel' });
    for (const { title, width, side, sort } of columns) {
      const marked = sort !== undefined && sort === this.#sort;
      screen.put(x, 0, fit(marked ? `${title}▾` : title, width, side), {
        fg: marked ? 'accent' : 'dim',
        bg: 'panel',
        bold: marked,
      });
      x += width + 1;
    }
    screen.put(x, 0, this.#tree ? 'COMMAND (tree)' : 'COMMAND', { fg: 'dim', bg: 'panel' });
    const shown: ListedProcess[] = [];
    for (let at = this.#cursor.top; shown.length < body; at++) {
      const line = this.#lines.at(at);
      if (line === undefined) break;
      shown.push(line);
    }
    shared.show(shown.map(({ row }) => row.pid));
    shown.forEach((line, index) => {
      const selected = this.#cursor.top + index === this.#cursor.at;
      this.#drawRow(screen, index + 1, line, columns, selected, shared);
    });
    if (this.#lines.length === 0 && body > 0)
      screen.put(0, 1, 'no process passes the filter; esc clears it', { fg: 'dim' });
  }

  press(key: Key, shared: Shared): boolean {
    if (this.#cursor.press(key)) {
      this.#selected = this.#lines.at(this.#cursor.at)?.row.pid;
      return true;
    }
    const row = this.#lines.at(this.#cursor.at)?.row;
    this.#ordered = '';
    switch (key) {
      case '>':
        this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length] ?? 'cpu';
        shared.say(`sorted by ${this.#sort}`);
        return true;
      case 't':
        this.#tree = !this.#tree;
        return true;
      case 'K':
        this.#kernelThreads = !this.#kernelThreads;
        return true;
      case 'left':
      case '-':
        if (row !== undefined) this.#collapsed.add(row.pid);
        return true;
      case 'right':
      case '+':
        if (row !== undefined) this.#collapsed.delete(row.pid);
        return true;
      case 'p':
        if (row !== undefined) row.pinned = !row.pinned;
        return true;
      case 'enter':
        if (row !== undefined) {
          shared.setScope(row.pid);
          shared.go('flame');
        }
        return true;
      default:
        return false;
    }
  }

  click(_x: number, y: number, twice: boolean, shared: Shared): void {
    const index = this.#cursor.top + y - 1;
    const line = this.#lines.at(index);
    if (y === 0 || line === undefined) return;
    this.#cursor.at = index;
    this.#selected = line.row.pid;
    if (twice) this.press('enter', shared);
  }

  choices(): Choices {
    return { sort: this.#sort, tree: this.#tree, kernelThreads: this.#kernelThreads };
  }

  choose({ sort, tree, kernelThreads }: Choices): void {
    this.#sort = SORTS.find((each) => each === sort) ?? this.#sort;
    if (typeof tree === 'boolean') this.#tree = tree;
    if (typeof kernelThreads === 'boolean') this.#kernelThreads = kernelThreads;
  }

  #order(shared: Shared): void {
    const { cpuSamples, now, processes, version, filter, scope, reveal } = shared;
    const depends = [version, now, filter, scope, reveal].join('\0');
    if (depends === this.#ordered) return;
    this.#ordered = depends;
    this.#sampled = cpuSamples.perProcess(SAMPLED_MS, now);
    const rows = processes
      .rows(now)
      .filter((row) => (this.#kernelThreads || !row.kernelThread) && shared.passes(row));
    const weightOf = weightBy(this.#sort, now, (pid) => this.#sampledPercent(pid, shared));
    this.#lines = this.#tree
      ? treeLines(asTree(rows, compareBy(weightOf), (pid) => this.#collapsed.has(pid)))
      : listed(rows, weightOf);
  }

  /** The selection stays with its process, wherever that goes. */
  #follow(): void {
    if (this.#selected === undefined) return;
    // The first row is what one looks at, as long as nobody went elsewhere.
    if (this.#cursor.at === 0) return;
    const index = this.#lines.indexOf(this.#selected);
    if (index >= 0) this.#cursor.at = index;
  }

  #sampledPercent(pid: number, { frequencyHz, cpuSamples, now }: Shared): number {
    const seconds = Math.min(SAMPLED_MS, cpuSamples.ageMs(now)) / 1000;
    return ((this.#sampled.get(pid) ?? 0) / (frequencyHz * seconds)) * 100;
  }

  #drawRow(
    screen: Screen,
    y: number,
    { row, branch, hidden }: ListedProcess,
    columns: readonly Column[],
    selected: boolean,
    shared: Shared,
  ): void {
    const back: Paint = selected ? { bg: 'selection', inverse: true } : {};
    if (selected) screen.fill(0, y, screen.width, 1, back);
    const { end } = row;
    const plain: Paint = { ...back, fg: end === undefined ? 'text' : 'dim' };
    // What has one paint is written at once: each text costs the terminal's library a call.
    let x = 0;
    let text = '';
    const write = (paint: Paint): void => {
      screen.put(x, y, text, paint);
      x += columnsOf(text);
      text = '';
    };
    for (const column of columns) {
      const special = emphasis(column, row);
      const shown = `${fit(column.text(row, shared), column.width, column.side)} `;
      if (special === undefined) {
        text += shown;
        continue;
      }
      write(plain);
      text = shown;
      write({ ...plain, ...special });
    }
    write(plain);
    x += screen.put(x, y, branch, { ...back, fg: 'dim' });
    const marks = [row.pinned ? '★ ' : '', hidden > 0 ? `[+${hidden}] ` : ''].join('');
    x += screen.put(x, y, marks, { ...back, fg: 'accent' });
    if (end !== undefined)
      x += screen.put(x, y, `${end.failed ? '✗' : '·'} ${printable(end.outcome)} `, {
        ...back,
        fg: end.failed ? 'bad' : 'good',
      });
    screen.put(x, y, cut(commandOf(row, shared), screen.width - x), plain);
  }
}

function emphasis({ sort }: Column, row: ProcessRow): Paint | undefined {
  return sort === 'cpu' && row.cpuPercent >= 50 ? { fg: 'warn', bold: true } : undefined;
}

/** The command line, or the name where there is none, as for kernel threads. */
function commandOf(row: ProcessRow, shared: Shared): string {
  if (row.argv === undefined || row.argv.length === 0)
    return row.kernelThread ? `[${printable(row.comm)}]` : printable(row.comm);
  return shared.commandText(row.argv);
}

function columnsFor(width: number, sampledPercent: (row: ProcessRow) => number): Column[] {
  const columns: Column[] = [
    { title: 'PID', width: 7, sort: 'pid', side: 'right', text: ({ pid }) => String(pid) },
    {
      title: 'USER',
      width: 8,
      side: 'left',
      text: ({ uid }, { userName }) => (uid === undefined ? '' : printable(userName(uid))),
    },
    {
      title: 'CPU%',
      width: 5,
      sort: 'cpu',
      side: 'right',
      text: ({ cpuPercent }) => percent(cpuPercent),
    },
    { title: 'SMPL%', width: 5, side: 'right', text: (row) => percent(sampledPercent(row)) },
    {
      title: 'MEM',
      width: 5,
      sort: 'memory',
      side: 'right',
      text: ({ rssBytes }) => (rssBytes > 0 ? shortSize(rssBytes) : ''),
    },
    {
      title: 'AGE',
      width: 6,
      sort: 'age',
      side: 'right',
      text: ({ bornAt, end }, { now }) => shortDuration((end?.at ?? now) - bornAt),
    },
    {
      title: 'EXEC/S',
      width: 6,
      sort: 'execs',
      side: 'right',
      // Of what has ended it is the memory of its one exec.
      text: (row, { now }) => (row.end === undefined ? rate(row.execsPerSecond(now)) : ''),
    },
  ];
  if (width >= WIDE_FROM)
    columns.push(
      {
        title: 'THR',
        width: 4,
        side: 'right',
        text: ({ threads }) => (threads > 0 ? String(threads) : ''),
      },
      { title: 'CONTAINER/UNIT', width: 16, side: 'left', text: placeOf },
    );
  return columns;
}

/** Container, or the systemd unit, or nothing. */
function placeOf({ containerId, cgroup }: ProcessRow): string {
  if (containerId !== undefined) return containerId.slice(0, SHORT_ID);
  const unit = cgroup?.split('/').findLast((part) => /\.(?:service|scope)$/.test(part));
  return unit === undefined ? '' : printable(unit);
}
