/**
 * The events of the span, the newest first: as they come, or as they were. At most some hundred are in the document.
 */

import type { EventFields, NumberedEvent } from './connection.ts';
import { finder, type PageElement, type PageInput, type PageWindow } from './dom.ts';
import { clockText, commandText, countText, durationText, safeText } from './texts.ts';

export interface EventFilter {
  readonly kinds: readonly string[];
  readonly onlyFailed: boolean;
  readonly text: string;
}

/** Rows in the document once somebody scrolls; more can be downloaded. */
const ROWS = 300;
/** Events of a page that follows; more are on the server. */
const MAX_ROWS_KEPT = 2000;
/** Height of a row. */
const ROW = 23;

interface EventRow {
  readonly row: PageElement;
  /** Time, kind, pid, process, what. */
  readonly cells: readonly PageElement[];
}

const CELLS = ['time', 'kind', 'number', 'process', 'what'];

export function createEvents(
  window: PageWindow,
  filter: EventFilter,
  actions: { filtered(filter: EventFilter): void },
) {
  const find = finder(window);
  const { document } = window;
  const body = find('event-rows');
  const scroller = find('event-scroller');
  const spacer = find('event-spacer');
  const count = find('event-count');
  const text = find<PageInput>('event-filter');
  const failed = find<PageInput>('only-failed');
  const kinds = [...find('view-events').querySelectorAll('.kind')] as PageInput[];
  let newest: NumberedEvent[] = [];
  let skipped = 0;
  let isCut = false;
  /** There are none. */
  let why: string | undefined;
  let isQueued = false;
  const rows = new Map<number, EventRow>();
  /** Of the scroller: asking the browser has it lay out the page at once. */
  let [scrollTop, clientHeight] = [scroller.scrollTop, scroller.clientHeight];

  text.value = filter.text;
  failed.checked = filter.onlyFailed;
  for (const kind of kinds)
    kind.checked = filter.kinds.length === 0 || filter.kinds.includes(kind.value);

  function changed(): void {
    const chosen = kinds.filter(({ checked }) => checked).map(({ value }) => value);
    const isAll = chosen.length === kinds.length || chosen.length === 0;
    actions.filtered({
      kinds: isAll ? [] : chosen,
      onlyFailed: failed.checked,
      text: text.value.trim(),
    });
  }
  for (const input of [...kinds, failed]) input.addEventListener('change', changed);
  let typing = 0;
  text.addEventListener('input', () => {
    window.clearTimeout(typing);
    typing = window.setTimeout(changed, 150);
  });

  scroller.addEventListener('scroll', () => {
    scrollTop = scroller.scrollTop;
    queueDraw();
  });
  new window.ResizeObserver(() => {
    clientHeight = scroller.clientHeight;
    queueDraw();
  }).observe(scroller);

  function queueDraw(): void {
    if (isQueued) return;
    isQueued = true;
    window.requestAnimationFrame(() => {
      isQueued = false;
      draw();
    });
  }

  function draw(): void {
    // What nobody sees costs as much as what somebody sees: in a storm all rows are new ten times a second.
    const inView = Math.ceil(clientHeight / ROW) + 4;
    const shown = newest.slice(0, scrollTop > 0 ? ROWS : Math.min(ROWS, inView));
    spacer.style.setProperty(
      'height',
      `${Math.max(0, Math.min(newest.length, ROWS) - shown.length) * ROW}px`,
    );
    const wanted = new Set(shown.map(([number]) => number));
    // In a storm all rows are others each time: elements are taken again.
    const free: EventRow[] = [];
    for (const [number, row] of rows)
      if (!wanted.has(number)) {
        rows.delete(number);
        free.push(row);
      }
    body.replaceChildren(
      ...shown.map(([number, fields]) => {
        let row = rows.get(number);
        if (row === undefined) {
          row = free.pop() ?? makeRow();
          fill(row, fields);
          rows.set(number, row);
        }
        return row.row;
      }),
    );
    if (why !== undefined) {
      count.textContent = why;
      return;
    }
    const parts = [`${countText(newest.length)} event${newest.length === 1 ? '' : 's'}`];
    if (newest.length > ROWS) parts.push(`the newest ${ROWS} shown`);
    if (isCut) parts.push('older ones left out');
    if (skipped > 0) parts.push(`${countText(skipped)} more came too fast to show`);
    count.textContent = parts.join(', ');
  }

  function makeRow(): EventRow {
    const row = document.createElement('tr');
    const cells = CELLS.map((className) => {
      const cell = document.createElement('td');
      cell.className = className;
      return cell;
    });
    row.append(...cells);
    return { row, cells };
  }

  function fill({ row, cells }: EventRow, fields: EventFields): void {
    row.className = fields.event === 'lost' ? 'lost' : isFailure(fields) ? 'failed' : '';
    const texts = [
      clockText(Date.parse(String(fields.time)), true),
      safeText(String(fields.event)),
      fields.pid === undefined ? '' : String(fields.pid),
      safeText(String(fields.comm ?? '')),
      whatOf(fields),
    ];
    for (const [at, text] of texts.entries()) {
      const cell = cells[at] as PageElement;
      if (cell.textContent !== text) cell.textContent = text;
    }
  }

  // What is cut off is in the hint, which is made when somebody looks for it.
  body.addEventListener('mouseover', (event) => {
    const cell = (event.target as PageElement).closest('td.what');
    if (cell !== null) cell.setAttribute('title', cell.textContent ?? '');
  });

  return {
    /** Those of a span. */
    show(events: readonly NumberedEvent[], cut: boolean): void {
      newest = [...events].reverse();
      skipped = 0;
      isCut = cut;
      why = undefined;
      queueDraw();
    },
    /** New ones. @param oldest what happened before is no longer shown */
    add(events: readonly NumberedEvent[], more: number, oldest: number): void {
      newest = [...[...events].reverse(), ...newest];
      skipped += more;
      why = undefined;
      if (newest.length > MAX_ROWS_KEPT) newest.length = MAX_ROWS_KEPT;
      while (newest.length > 0 && timeOf(newest.at(-1)) < oldest) newest.pop();
      queueDraw();
    },
    /** @param text in place of their number */
    clear(text?: string): void {
      newest = [];
      skipped = 0;
      isCut = false;
      why = text;
      queueDraw();
    },
    focusFilter: () => text.focus({ preventScroll: true }),
  };
}

const timeOf = (event: NumberedEvent | undefined): number => Date.parse(String(event?.[1].time));

function isFailure({ event, exitCode, signal }: EventFields): boolean {
  return event === 'failed-exec' || (event === 'exit' && (signal !== null || exitCode !== 0));
}

function whatOf(fields: EventFields): string {
  const { event, argv, argvTruncated, comm, filename, error, childPid, count } = fields;
  const program = safeText(String(filename ?? comm ?? ''));
  const words = commandText(Array.isArray(argv) ? argv.map(String) : null, program);
  const command = argvTruncated === true ? `${words} \u2026 (truncated)` : words;
  switch (event) {
    case 'exec':
      return command;
    case 'fork':
      return `started process ${childPid}`;
    case 'failed-exec':
      return `${safeText(String(error))}: ${program}${command === program ? '' : `, as ${command}`}`;
    case 'exit':
      return `${endOf(fields)}: ${command}`;
    case 'lost':
      return `${countText(Number(count))} events were lost`;
    default:
      return '';
  }
}

function endOf({ exitCode, signal, coreDumped, lifetimeNs }: EventFields): string {
  const lived = `after ${durationText(Number(lifetimeNs) / 1e6)}`;
  if (signal === null) return `exited with ${exitCode} ${lived}`;
  return `killed by ${safeText(String(signal))} ${lived}${coreDumped ? ', core dumped' : ''}`;
}
