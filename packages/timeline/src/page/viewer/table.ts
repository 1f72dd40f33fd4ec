/**
 * All processes as a table: what the bars show, for those who read rather than look. Only rows in view are
 * there, since browsers are slow with fifty thousand.
 */

import type { PageElement, PageEvent, PageWindow } from '@waggle/text/page';
import { type Column as Numbers, STATE } from '../page-data.ts';
import { commandOf, labelOf, outcomeOf, shortTime, sizeText, UNKNOWN } from './texts.ts';
import type { Timeline } from './timeline.ts';

const ROW = 24;
const MARGIN = 8;

interface Column {
  readonly name: string;
  readonly isNumber: boolean;
  text(process: number): string;
  /** What it is sorted by. */
  key(process: number): number | string;
}

export interface TableActions {
  select(process: number): void;
}

export function createTable(
  window: PageWindow,
  find: (id: string) => PageElement,
  first: Timeline,
  actions: TableActions,
) {
  const { document } = window;
  let timeline = first;
  let columns = columnsOf(timeline);
  const [scroller, head, body] = [find('table-scroller'), find('table-head'), find('table-body')];
  let order: readonly number[] = [];
  let [sortedBy, isDown] = [0, false];
  let active = -1;
  let matched: Uint8Array | undefined;

  function sort(): void {
    const column = columns[sortedBy] as Column;
    const all: number[] = [];
    for (let at = 0; at < timeline.count; at++)
      if (matched === undefined ? timeline.state[at] !== STATE.context : matched[at] === 1)
        all.push(at);
    const keys = new Map(all.map((at) => [at, column.key(at)]));
    const turn = isDown ? -1 : 1;
    order = all.sort((a, b) => {
      const [one, other] = [keys.get(a) as number, keys.get(b) as number];
      return one < other ? -turn : one > other ? turn : a - b;
    });
    find('table-count').textContent = `${order.length.toLocaleString('en')} processes`;
  }

  function drawHead(): void {
    head.replaceChildren(
      ...columns.map(({ name, isNumber }, index) => {
        const cell = document.createElement('th');
        cell.className = isNumber ? 'number' : '';
        cell.setAttribute('scope', 'col');
        if (index === sortedBy) cell.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
        const act = document.createElement('button');
        act.setAttribute('type', 'button');
        act.textContent = index === sortedBy ? `${name} ${isDown ? '\u2193' : '\u2191'}` : name;
        act.addEventListener('click', () => {
          isDown = index === sortedBy ? !isDown : isNumber && index > 0;
          sortedBy = index;
          sort();
          scroller.scrollTop = 0;
          drawHead();
          draw();
        });
        cell.append(act);
        return cell;
      }),
    );
  }

  function gap(rows: number): PageElement {
    const row = document.createElement('tr');
    row.setAttribute('aria-hidden', 'true');
    row.style.setProperty('height', `${rows * ROW}px`);
    return row;
  }

  function draw(): void {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - MARGIN);
    const last = Math.min(
      order.length,
      Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + MARGIN,
    );
    const { state } = timeline;
    const rows: PageElement[] = first > 0 ? [gap(first)] : [];
    for (let place = first; place < last; place++) {
      const at = order[place] as number;
      const row = document.createElement('tr');
      row.dataset.process = String(at);
      row.setAttribute('aria-rowindex', String(place + 2));
      if (at === active) row.className = 'active';
      for (const { isNumber, text, name } of columns) {
        const cell = document.createElement('td');
        if (isNumber) cell.className = 'number';
        if (name === 'Ended' && (state[at] === 1 || state[at] === 2)) cell.className = 'bad';
        cell.textContent = text(at);
        row.append(cell);
      }
      row.addEventListener('click', () => actions.select(at));
      rows.push(row);
    }
    if (last < order.length) rows.push(gap(order.length - last));
    body.replaceChildren(...rows);
    find('table').setAttribute('aria-rowcount', String(order.length + 1));
  }

  function move(event: PageEvent): void {
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -order.length,
      End: order.length,
    };
    const step = steps[event.key];
    if (step === undefined || order.length === 0) return;
    event.preventDefault();
    const from = order.indexOf(active);
    const to = Math.max(0, Math.min(order.length - 1, from < 0 ? 0 : from + step));
    const y = to * ROW;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + 2 * ROW > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = y + 2 * ROW - scroller.clientHeight;
    actions.select(order[to] as number);
  }

  scroller.addEventListener('scroll', draw);
  scroller.addEventListener('keydown', move);

  return {
    take(next: Timeline): void {
      timeline = next;
      const name = columns[sortedBy]?.name;
      columns = columnsOf(next);
      sortedBy = Math.max(
        0,
        columns.findIndex((each) => each.name === name),
      );
      order = [];
    },
    /** When it comes into view, or what is searched for changes. */
    show(nowMatched: Uint8Array | undefined): void {
      if (order.length === 0 || matched !== nowMatched) {
        matched = nowMatched;
        sort();
        drawHead();
      }
      draw();
    },
    mark(process: number): void {
      active = process;
      if (order.length > 0) draw();
    },
  };
}

function number(
  name: string,
  key: (process: number) => number,
  text: (value: number) => string,
): Column {
  return { name, isNumber: true, key, text: (process) => text(key(process)) };
}

function columnsOf(timeline: Timeline): readonly Column[] {
  const { data, start, end, state } = timeline;
  const { processes } = data;
  const cpuOf = (at: number) => {
    const [user, system] = [processes.user[at] ?? -1, processes.system[at] ?? -1];
    return user < 0 || system < 0 ? -1 : user + system;
  };
  const all: readonly Column[] = [
    number(
      'Began',
      (at) => start[at] as number,
      (value) => shortTime(Math.max(0, value)),
    ),
    number('Took', (at) => (end[at] as number) - (start[at] as number), shortTime),
    number('CPU', cpuOf, (value) => (value < 0 ? UNKNOWN : shortTime(value))),
    number('Memory', (at) => processes.memory[at] ?? -1, sizeText),
    number(
      'Critical',
      (at) => processes.critical[at] ?? -1,
      (value) => (value > 0 ? shortTime(value) : ''),
    ),
    {
      name: 'Ended',
      isNumber: false,
      text: (at) => outcomeOf(timeline, at),
      key: (at) => `${state[at] === 0 ? 1 : 0}${outcomeOf(timeline, at)}`,
    },
    number('PID', (at) => processes.pid[at] ?? -1, String),
    {
      name: 'Command',
      isNumber: false,
      text: (at) => commandOf(timeline, at),
      key: (at) => labelOf(timeline, at),
    },
  ];
  // What no process of the recording has is no column.
  const hasCpu = isKnown(processes.user);
  const hasMemory = isKnown(processes.memory);
  return all.filter(({ name }) => (name !== 'CPU' || hasCpu) && (name !== 'Memory' || hasMemory));
}

/** Of one process, at least. */
function isKnown(numbers: Numbers): boolean {
  for (let at = 0; at < numbers.length; at++) if ((numbers[at] as number) >= 0) return true;
  return false;
}
