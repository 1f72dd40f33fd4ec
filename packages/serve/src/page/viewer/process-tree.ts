/** Processes in the order of their rows: as a tree, or by CPU. In parts, since a storm has thousands of them. */

import type { Pause } from '@waggle/text/page/slices';

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

export interface ShownRow {
  readonly process: ProcessRow;
  readonly depth: number;
  /** With those below it. */
  readonly cpuMs: number;
}

/** Between two looks at the clock: each is some microseconds, and so is looking, and waiting for nothing. */
const AT_ONCE = 16;

type Matches = (process: ProcessRow) => boolean;

/** The answer of the server, which has a line for each process. */
export async function parseProcesses(text: string, pause: Pause): Promise<ProcessList> {
  const lines = text.trimEnd().split('\n');
  const head = lines.shift() ?? '';
  const tail = lines.pop() ?? '';
  const processes: ProcessRow[] = [];
  for (const line of lines) {
    if (line === '') continue;
    processes.push(JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line) as ProcessRow);
    if (processes.length % AT_ONCE === 0) await pause();
  }
  return { ...(JSON.parse(head + tail) as ProcessList), processes };
}

export async function byCpu(
  all: readonly ProcessRow[],
  matches: Matches,
  pause: Pause,
): Promise<ShownRow[]> {
  const found: ProcessRow[] = [];
  for (const [at, process] of all.entries()) {
    if (matches(process)) found.push(process);
    if (at % AT_ONCE === 0) await pause();
  }
  const [busy, idle] = parted(found, ({ cpuMs }) => cpuMs > 0);
  await pause();
  busy.sort((a, b) => b.cpuMs - a.cpuMs || a.id - b.id);
  await pause();
  // As the server has them.
  idle.sort((a, b) => a.id - b.id);
  await pause();
  return [...busy, ...idle].map((process) => ({ process, depth: 0, cpuMs: process.cpuMs }));
}

/** Those that have taken CPU are few, and the others in their order already: sorted together they take a frame. */
function parted<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  const first: Item[] = [];
  const second: Item[] = [];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}

/** Deeper ones are shown as deep as this. */
const DEEPEST = 50;

/** Those that match, and their ancestors; the busiest families first. However deep: nobody hides below many others. */
export async function asTree(
  all: readonly ProcessRow[],
  matches: Matches,
  pause: Pause,
): Promise<ShownRow[]> {
  const { roots, downwards, children } = await familiesOf(all, pause);
  const sums = Float64Array.from(all, ({ cpuMs }) => cpuMs);
  const wanted = new Uint8Array(all.length);
  for (const [done, at] of downwards.toReversed().entries()) {
    if (done % AT_ONCE === 0) await pause();
    let isWanted = matches(all[at] as ProcessRow);
    for (const child of children[at] ?? []) {
      sums[at] = (sums[at] as number) + (sums[child] as number);
      isWanted ||= wanted[child] === 1;
    }
    wanted[at] = isWanted ? 1 : 0;
  }
  const idOf = (at: number): number => (all[at] as ProcessRow).id;
  /** The last one of them first, since they are taken from the end. */
  const rowsOf = (siblings: readonly number[] = []): number[] => {
    const [idle, busy] = parted(
      siblings.filter((at) => wanted[at] === 1),
      (at) => sums[at] === 0,
    );
    idle.sort((a, b) => idOf(b) - idOf(a));
    busy.sort((a, b) => (sums[a] as number) - (sums[b] as number) || idOf(b) - idOf(a));
    return [...idle, ...busy];
  };
  const rows: ShownRow[] = [];
  await pause();
  const waiting = rowsOf(roots).map((at) => ({ at, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (rows.length % AT_ONCE === 0) await pause();
    const { at, depth } = next;
    rows.push({ process: all[at] as ProcessRow, depth, cpuMs: sums[at] as number });
    const below = Math.min(depth + 1, DEEPEST);
    for (const child of rowsOf(children[at])) waiting.push({ at: child, depth: below });
  }
  return rows;
}

interface Families {
  readonly roots: readonly number[];
  /** Places of all, parents before their children. */
  readonly downwards: readonly number[];
  /** By the place of the parent. */
  readonly children: readonly (readonly number[] | undefined)[];
}

async function familiesOf(all: readonly ProcessRow[], pause: Pause): Promise<Families> {
  const placeOf = new Map<number, number>();
  for (const [at, { id }] of all.entries()) {
    placeOf.set(id, at);
    if (at % AT_ONCE === 0) await pause();
  }
  const children: number[][] = new Array(all.length);
  const roots: number[] = [];
  for (const [at, { id, parent }] of all.entries()) {
    const above = parent === id ? undefined : placeOf.get(parent);
    if (above === undefined) roots.push(at);
    else {
      children[above] ??= [];
      children[above].push(at);
    }
    if (at % AT_ONCE === 0) await pause();
  }
  const downwards = [...roots];
  for (let place = 0; place < downwards.length; place++) {
    for (const child of children[downwards[place] as number] ?? []) downwards.push(child);
    if (place % AT_ONCE === 0) await pause();
  }
  return { roots, downwards, children };
}
