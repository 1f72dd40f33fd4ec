/**
 * The processes of the span, as a tree or by CPU. Only rows in view are in the document, and rows stay elements, so
 * that a thousand processes cost what thirty do. Enter, or a click, shows only one and what is below it.
 */

import { finder, type PageElement, type PageInput, type PageWindow } from './dom.ts';
import type { ScopedProcess } from './state.ts';
import { commandText, countText, safeText } from './texts.ts';

export interface ProcessRow {
  readonly id: number;
  readonly parent: number;
  readonly pid: number;
  readonly startTime: string;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly containerId: string | null;
  readonly kernelThread: boolean;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly forgottenBelow: number;
  readonly cpuMs: number;
}

export interface ProcessList {
  readonly span: { readonly from: number; readonly to: number };
  readonly leftOut: number;
  readonly processes: readonly ProcessRow[];
}

interface ShownRow {
  readonly process: ProcessRow;
  readonly depth: number;
  /** With those below it. */
  readonly cpuMs: number;
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
  const pool: {
    row: PageElement;
    cpu: PageElement;
    pid: PageElement;
    name: PageElement;
    rest: PageElement;
  }[] = [];
  const above = document.createElement('div');
  const below = document.createElement('div');
  for (const gap of [above, below]) gap.setAttribute('aria-hidden', 'true');
  body.replaceChildren(above, below);

  const isScope = ({ pid, startTime }: ProcessRow): boolean =>
    scope !== undefined && scope.pid === pid && scope.start === startTime;

  function arrange(): void {
    const all = list?.processes ?? [];
    const wanted = filter.value.trim().toLowerCase();
    const matches = (each: ProcessRow): boolean =>
      wanted === '' ||
      String(each.pid) === wanted ||
      each.comm.toLowerCase().includes(wanted) ||
      (each.argv?.join(' ').toLowerCase().includes(wanted) ?? false);
    rows = isTree ? asTree(all, matches) : byCpu(all, matches);
    const leftOut =
      (list?.leftOut ?? 0) > 0 ? `, ${countText(list?.leftOut ?? 0)} more left out` : '';
    const noun = all.length === 1 ? 'process' : 'processes';
    const found = wanted === '' ? '' : `${countText(rows.length)} of `;
    find('process-count').textContent =
      `${found}${countText(all.length)} ${noun} in the span${leftOut}`;
    draw();
  }

  function draw(): void {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 3);
    const count = Math.min(rows.length - first, Math.ceil(scroller.clientHeight / ROW) + 6);
    above.style.setProperty('height', `${first * ROW}px`);
    below.style.setProperty('height', `${Math.max(0, rows.length - first - count) * ROW}px`);
    while (pool.length < count) pool.push(makeRow());
    const spanMs = list === undefined ? 1 : Math.max(1, list.span.to - list.span.from);
    for (let at = 0; at < pool.length; at++) {
      const shown = rows[first + at];
      const { row } = pool[at] as (typeof pool)[number];
      row.hidden = at >= count || shown === undefined;
      if (!row.hidden && shown !== undefined)
        fill(pool[at] as (typeof pool)[number], shown, spanMs);
    }
    if (active === undefined) scroller.removeAttribute('aria-activedescendant');
    else scroller.setAttribute('aria-activedescendant', `process-${active}`);
  }

  function makeRow() {
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
    const rest = cell('rest');
    row.append(cpu, pid, name);
    body.replaceChildren(above, ...pool.map((each) => each.row), row, below);
    return { row, cpu, pid, name, rest };
  }

  function fill(
    { row, cpu, pid, name, rest }: (typeof pool)[number],
    { process, depth, cpuMs }: ShownRow,
    spanMs: number,
  ): void {
    const percent = (cpuMs / spanMs) * 100;
    cpu.textContent = percent < 0.05 ? '' : `${percent.toFixed(1)} %`;
    pid.textContent = String(process.pid);
    const command = commandText(process.argv, process.comm);
    const ended = outcomeOf(process);
    const label =
      process.argv === null || process.argv.length === 0 ? safeText(process.comm) : command;
    name.textContent = `${process.kernelThread ? `[${label}]` : label} `;
    rest.textContent = [
      ended,
      process.forgottenBelow > 0 ? `+${countText(process.forgottenBelow)} forgotten` : '',
    ]
      .filter(Boolean)
      .join(' ');
    name.append(rest);
    name.style.setProperty('padding-left', `${Math.min(depth, MAX_DEPTH) * INDENT}px`);
    row.id = `process-${process.id}`;
    row.dataset.id = String(process.id);
    row.setAttribute(
      'title',
      [safeText(process.comm), command, process.containerId].filter(Boolean).join('\n'),
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

  scroller.addEventListener('scroll', draw);
  body.addEventListener('click', (event) => {
    const row = (event.target as PageElement).closest('.row');
    if (row !== null) choose(Number(row.dataset.id));
  });
  scroller.addEventListener('keydown', (event) => {
    const at = rows.findIndex(({ process }) => process.id === active);
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW) - 2);
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
      const [top, room] = [next * ROW, scroller.clientHeight - 2 * ROW];
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
      draw();
    } else if (event.key === 'Enter') choose(active);
    else return;
    event.preventDefault();
  });
  filter.addEventListener('input', arrange);
  treeButton.addEventListener('click', () => {
    isTree = !isTree;
    treeButton.setAttribute('aria-pressed', String(isTree));
    arrange();
  });
  new window.ResizeObserver(draw).observe(scroller);

  return {
    show(next: ProcessList | undefined, chosen: ScopedProcess | undefined): void {
      list = next;
      scope = chosen;
      arrange();
    },
    /** What is known of a process, for captions. */
    nameOf: ({ pid, start }: ScopedProcess): string | undefined =>
      list?.processes.find((each) => each.pid === pid && each.startTime === start)?.comm,
  };
}

function byCpu(all: readonly ProcessRow[], matches: (each: ProcessRow) => boolean): ShownRow[] {
  return all
    .filter(matches)
    .sort((a, b) => b.cpuMs - a.cpuMs || a.id - b.id)
    .map((process) => ({ process, depth: 0, cpuMs: process.cpuMs }));
}

/** Deeper ones are shown as deep as this. */
const DEEPEST = 50;

/** Those that match, and their ancestors; the busiest families first. However deep: nobody hides below many others. */
function asTree(all: readonly ProcessRow[], matches: (each: ProcessRow) => boolean): ShownRow[] {
  const byId = new Map(all.map((each) => [each.id, each]));
  const children = new Map<number, ProcessRow[]>();
  for (const each of all) {
    const parent = byId.has(each.parent) && each.parent !== each.id ? each.parent : 0;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [each]);
    else siblings.push(each);
  }
  // Parents before their children.
  const downwards = [...(children.get(0) ?? [])];
  for (let at = 0; at < downwards.length; at++)
    for (const child of children.get((downwards[at] as ProcessRow).id) ?? []) downwards.push(child);
  const sums = new Map<number, number>();
  const wanted = new Set<number>();
  for (const process of downwards.toReversed()) {
    let cpuMs = process.cpuMs;
    let isWanted = matches(process);
    for (const child of children.get(process.id) ?? []) {
      cpuMs += sums.get(child.id) ?? 0;
      isWanted ||= wanted.has(child.id);
    }
    sums.set(process.id, cpuMs);
    if (isWanted) wanted.add(process.id);
  }
  const rows: ShownRow[] = [];
  const rowsBelow = (parent: number): ProcessRow[] => {
    const siblings = (children.get(parent) ?? []).filter(({ id }) => wanted.has(id));
    return siblings.sort((a, b) => (sums.get(b.id) ?? 0) - (sums.get(a.id) ?? 0) || a.id - b.id);
  };
  const waiting = rowsBelow(0)
    .toReversed()
    .map((process) => ({ process, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { process, depth } = next;
    rows.push({ process, depth, cpuMs: sums.get(process.id) ?? 0 });
    const below = Math.min(depth + 1, DEEPEST);
    for (const child of rowsBelow(process.id).toReversed())
      waiting.push({ process: child, depth: below });
  }
  return rows;
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
