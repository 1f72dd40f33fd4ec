/**
 * The processes of the span, as a tree or by CPU. Only rows in view are in the document, and rows stay elements, so
 * that a thousand processes cost what thirty do. Enter, or a click, shows only one and what is below it.
 */

import { nextFrame, slices } from '@waggle/text/page/slices';
import { finder, type PageElement, type PageInput, type PageWindow } from './dom.ts';
import {
  asTree,
  byCpu,
  type ProcessList,
  type ProcessRow,
  parseProcesses,
  type ShownRow,
} from './process-tree.ts';
import type { ScopedProcess } from './state.ts';
import { commandText, countText, safeText } from './texts.ts';

/** Processes that take a frame to be arranged. */
const MANY = 200;

interface PooledRow {
  readonly row: PageElement;
  readonly cpu: PageElement;
  readonly pid: PageElement;
  readonly name: PageElement;
  readonly label: PageElement;
  readonly rest: PageElement;
  /** What it shows, as one text. */
  shown: string;
}

const ROW = 24;
const INDENT = 12;
const MAX_DEPTH = 24;

export function createProcesses(
  window: PageWindow,
  actions: { chose(process: ScopedProcess | undefined): void },
) {
  const find = finder(window);
  const { document } = window;
  const scroller = find('process-scroller');
  const body = find('process-rows');
  const filter = find<PageInput>('process-filter');
  const treeButton = find('as-tree');
  let list: ProcessList | undefined;
  let rows: readonly ShownRow[] = [];
  let scope: ScopedProcess | undefined;
  let isTree = true;
  let active: number | undefined;
  /** Which arrangement is the newest: older ones that come later are not shown. */
  let arranged = 0;
  const pool: PooledRow[] = [];
  /** Of the scroller: asking the browser has it lay out the page at once. */
  let [scrollTop, clientHeight] = [scroller.scrollTop, scroller.clientHeight];
  const above = document.createElement('div');
  const below = document.createElement('div');
  for (const gap of [above, below]) gap.setAttribute('aria-hidden', 'true');
  body.replaceChildren(above, below);

  const isScope = ({ pid, startTime }: ProcessRow): boolean =>
    scope !== undefined && scope.pid === pid && scope.start === startTime;

  async function arrange(pause = slices(window)): Promise<void> {
    const question = ++arranged;
    const all = list?.processes ?? [];
    const wanted = filter.value.trim().toLowerCase();
    const matches = (each: ProcessRow): boolean =>
      wanted === '' ||
      String(each.pid) === wanted ||
      each.comm.toLowerCase().includes(wanted) ||
      (each.argv?.join(' ').toLowerCase().includes(wanted) ?? false);
    const order = isTree ? asTree : byCpu;
    const next = await order(all, matches, pause);
    // Where there are many, arranging them has had this frame.
    if (all.length > MANY) await nextFrame(window);
    if (question !== arranged) return;
    rows = next;
    const leftOut =
      (list?.leftOut ?? 0) > 0 ? `, ${countText(list?.leftOut ?? 0)} more left out` : '';
    const noun = all.length === 1 ? 'process' : 'processes';
    const found = wanted === '' ? '' : `${countText(rows.length)} of `;
    find('process-count').textContent =
      `${found}${countText(all.length)} ${noun} in the span${leftOut}`;
    draw();
  }

  function draw(): void {
    // Fewer rows than before are scrolled less, which the browser tells of later.
    const top = Math.min(scrollTop, Math.max(0, rows.length * ROW - clientHeight));
    const first = Math.max(0, Math.floor(top / ROW) - 3);
    const count = Math.min(rows.length - first, Math.ceil(clientHeight / ROW) + 6);
    above.style.setProperty('height', `${first * ROW}px`);
    below.style.setProperty('height', `${Math.max(0, rows.length - first - count) * ROW}px`);
    while (pool.length < count) pool.push(makeRow());
    const spanMs = list === undefined ? 1 : Math.max(1, list.span.to - list.span.from);
    for (let at = 0; at < pool.length; at++) {
      const shown = rows[first + at];
      const { row } = pool[at] as PooledRow;
      row.hidden = at >= count || shown === undefined;
      if (!row.hidden && shown !== undefined) fill(pool[at] as PooledRow, shown, spanMs);
    }
    if (active === undefined) scroller.removeAttribute('aria-activedescendant');
    else scroller.setAttribute('aria-activedescendant', `process-${active}`);
  }

  function makeRow(): PooledRow {
    const cell = (className: string, role?: string): PageElement => {
      const made = document.createElement('span');
      made.className = className;
      if (role !== undefined) made.setAttribute('role', role);
      return made;
    };
    const row = document.createElement('div');
    row.setAttribute('role', 'row');
    const [cpu, pid, name] = [
      cell('number', 'gridcell'),
      cell('number', 'gridcell'),
      cell('name', 'gridcell'),
    ];
    const [label, rest] = [cell('label'), cell('rest')];
    name.append(label, rest);
    row.append(cpu, pid, name);
    body.replaceChildren(above, ...pool.map((each) => each.row), row, below);
    return { row, cpu, pid, name, label, rest, shown: '' };
  }

  function fill(pooled: PooledRow, { process, depth, cpuMs }: ShownRow, spanMs: number): void {
    const { row, cpu, pid, name, label, rest } = pooled;
    const percent = (cpuMs / spanMs) * 100;
    const share = percent < 0.05 ? '' : `${percent.toFixed(1)} %`;
    const said = [process.id, depth, share, process.comm, process.endedAt, process.forgottenBelow];
    const marks = [process.argv?.length, isScope(process), process.id === active];
    const shown = [...said, ...marks].join('\0');
    // Most rows are as they were a second ago.
    if (pooled.shown === shown) return;
    pooled.shown = shown;
    cpu.textContent = share;
    pid.textContent = String(process.pid);
    const command = commandText(process.argv, process.comm);
    const ended = outcomeOf(process);
    const hasArguments = process.argv !== null && process.argv.length > 0;
    const text = hasArguments ? command : safeText(process.comm);
    label.textContent = `${process.kernelThread ? `[${text}]` : text} `;
    rest.textContent = [
      ended,
      process.forgottenBelow > 0 ? `+${countText(process.forgottenBelow)} forgotten` : '',
    ]
      .filter(Boolean)
      .join(' ');
    name.style.setProperty('padding-left', `${Math.min(depth, MAX_DEPTH) * INDENT}px`);
    row.id = `process-${process.id}`;
    row.dataset.id = String(process.id);
    row.setAttribute(
      'title',
      [safeText(process.comm), command, ended, process.containerId].filter(Boolean).join('\n'),
    );
    row.setAttribute('aria-level', String(depth + 1));
    row.setAttribute('aria-selected', String(isScope(process)));
    row.className = [
      'row',
      process.endedAt !== null && 'ended',
      isFailure(process) && 'failed',
      isScope(process) && 'chosen',
      process.id === active && 'active',
    ]
      .filter(Boolean)
      .join(' ');
  }

  function choose(id: number | undefined): void {
    const found = list?.processes.find((each) => each.id === id);
    if (found === undefined) return;
    actions.chose(isScope(found) ? undefined : { pid: found.pid, start: found.startTime });
  }

  scroller.addEventListener('scroll', () => {
    scrollTop = scroller.scrollTop;
    draw();
  });
  body.addEventListener('click', (event) => {
    const row = (event.target as PageElement).closest('.row');
    if (row !== null) choose(Number(row.dataset.id));
  });
  scroller.addEventListener('keydown', (event) => {
    const at = rows.findIndex(({ process }) => process.id === active);
    const page = Math.max(1, Math.floor(clientHeight / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[event.key];
    if (step !== undefined && rows.length > 0) {
      const next = Math.max(0, Math.min(rows.length - 1, at + step));
      active = rows[next]?.process.id;
      const [top, room] = [next * ROW, clientHeight - 2 * ROW];
      if (top < scrollTop) scrollTop = top;
      else if (top > scrollTop + room) scrollTop = top - room;
      scroller.scrollTop = scrollTop;
      draw();
    } else if (event.key === 'Enter') choose(active);
    else return;
    event.preventDefault();
  });
  filter.addEventListener('input', () => void arrange());
  treeButton.addEventListener('click', () => {
    isTree = !isTree;
    treeButton.setAttribute('aria-pressed', String(isTree));
    void arrange();
  });
  new window.ResizeObserver(() => {
    clientHeight = scroller.clientHeight;
    draw();
  }).observe(scroller);

  return {
    /** @param text as the server answers it @param isWanted asked once it is read: by then other ones may be */
    async show(
      text: string,
      chosen: ScopedProcess | undefined,
      isWanted: () => boolean,
    ): Promise<void> {
      // One for all of it: what is read has had a part of the frame that it is arranged in.
      const pause = slices(window);
      const next = await parseProcesses(text, pause);
      if (!isWanted()) return;
      list = next;
      scope = chosen;
      await arrange(pause);
    },
    clear(): void {
      list = undefined;
      void arrange();
    },
    /** Of the span, as they were last told of. */
    count: (): number => list?.processes.length ?? 0,
    /** What is known of a process, for captions. */
    nameOf: ({ pid, start }: ScopedProcess): string | undefined =>
      list?.processes.find((each) => each.pid === pid && each.startTime === start)?.comm,
  };
}

function isFailure({ endedAt, exitCode, signal }: ProcessRow): boolean {
  return endedAt !== null && (signal !== null || (exitCode ?? 0) !== 0);
}

function outcomeOf(process: ProcessRow): string {
  if (process.endedAt === null) return '';
  if (process.signal !== null) return `ended by ${safeText(process.signal)}`;
  if (process.exitCode === null) return 'ended';
  return process.exitCode === 0 ? 'ended' : `ended with ${process.exitCode}`;
}
