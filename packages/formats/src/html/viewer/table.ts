/**
 * The table of functions. Only the rows in view are in the document, so that a hundred thousand of
 * them cost no more than twenty.
 */

import type { PageElement, PageEvent, PageWindow } from '@waggle/text/page';
import type { Change } from '../../diff/differences.ts';
import { formatChange, isChance, shareChange } from '../../diff/significance.ts';
import { formatCount, formatShare, formatValue } from '../../value-text.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Comparison } from './colours.ts';
import type { FunctionRows, SortKey } from './function-rows.ts';
import type { FunctionSamples } from './trees.ts';

export interface TableActions {
  selected(symbol: number): void;
  opened(symbol: number): void;
}

export function createFunctionTable(
  window: PageWindow,
  data: PageData,
  all: () => number,
  comparison: Comparison | undefined,
  order: FunctionRows,
  actions: TableActions,
) {
  const ROW = 24;
  const { document } = window;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  const scroller = find('functions-scroller');
  const [head, body] = [find('functions-head'), find('functions-body')];
  const columns: readonly (readonly [SortKey, string])[] =
    comparison === undefined
      ? [
          ['self', 'Self'],
          ['total', 'Total'],
          ['name', 'Function'],
        ]
      : [
          ['self', 'Self'],
          ['selfChange', 'Change'],
          ['total', 'Total'],
          ['totalChange', 'Change'],
          ['name', 'Function'],
        ];

  let samples: FunctionSamples | undefined;
  let rows: Int32Array = new Int32Array(0);
  let matched: Uint8Array | undefined;
  let side: Side = 'after';
  let drawn: PageElement[] = [];
  /** Of the scroller: asking the browser has it lay out the page at once. */
  let [scrollTop, clientHeight] = [scroller.scrollTop, scroller.clientHeight];
  let selected = -1;
  /** The row of the arrow keys. */
  let active = -1;

  function make(name: string, className: string, text: string): PageElement {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    return element;
  }

  function drawHead(): void {
    head.replaceChildren(
      ...columns.map(([key, text]) => {
        const cell = make('th', key === 'name' ? 'name' : 'number', '');
        cell.setAttribute('scope', 'col');
        const isSorted = order.key() === key;
        const direction = order.order() === 'size' ? 'other' : order.order();
        if (isSorted) cell.setAttribute('aria-sort', direction);
        const marks = { size: ' \u00b1', descending: ' \u2193', ascending: ' \u2191' };
        const button = make('button', '', `${text}${isSorted ? marks[order.order()] : ''}`);
        button.setAttribute('type', 'button');
        button.dataset.key = key;
        button.addEventListener('click', () => {
          order.sortBy(key);
          drawHead();
          scroller.scrollTop = 0;
          scrollTop = 0;
          sort();
        });
        cell.append(button);
        return cell;
      }),
    );
  }

  function shareCell(count: number): PageElement {
    const cell = make('td', 'number share', formatShare(count, all()));
    cell.setAttribute('title', formatValue(count, data.unit));
    cell.style.setProperty('--share', `${((100 * count) / all()).toFixed(2)}%`);
    if (comparison === undefined) {
      const { steps } = data.unit;
      // The heading says what is counted; what is measured needs its unit.
      const text = steps === undefined ? formatCount(count) : formatValue(count, data.unit);
      cell.append(make('span', 'count', text));
    }
    return cell;
  }

  function comparedCells(change: Change, { samples: both }: Comparison): PageElement[] {
    const growth = shareChange(change, both);
    const mayBeChance = isChance(change, both);
    const share = formatShare(change.after, both.after);
    const cell = make('td', 'number share', share);
    cell.style.setProperty('--share', `${((100 * change.after) / both.after).toFixed(2)}%`);
    const tone = mayBeChance ? 'chance' : growth > 0 ? 'grew' : 'shrank';
    const changed = make('td', `number change ${tone}`, formatChange(growth));
    const before = `before ${formatShare(change.before, both.before)}`;
    changed.setAttribute(
      'title',
      `${before}, after ${share}${mayBeChance ? ', may be chance' : ''}`,
    );
    return [cell, changed];
  }

  function rowOf(index: number, values: FunctionSamples): PageElement {
    const symbol = rows[index] as number;
    const row = make('tr', '', '');
    row.id = `function-${index}`;
    row.dataset.symbol = String(symbol);
    row.setAttribute('aria-rowindex', String(index + 2));
    const { self, total } = order.changesOf(values, symbol, side);
    const name = make('td', 'name', '');
    const dot = make('span', `dot kind-${data.kinds[data.kindOf[symbol] ?? -1] ?? ''}`, '');
    name.append(dot);
    const object = data.objects[data.objectOf[symbol] ?? -1];
    name.setAttribute('title', [data.names[symbol], object].filter(Boolean).join('\n'));
    if (comparison === undefined) row.append(shareCell(self.after), shareCell(total.after), name);
    else {
      // Before the name, whose end may be cut off.
      if (total.before === 0) name.append(make('span', 'tag', 'new'));
      if (total.after === 0) name.append(make('span', 'tag', 'gone'));
      row.append(...comparedCells(self, comparison), ...comparedCells(total, comparison), name);
    }
    name.append(data.names[symbol] ?? '');
    return row;
  }

  function gap(height: number): PageElement {
    const row = make('tr', 'gap', '');
    row.setAttribute('aria-hidden', 'true');
    const cell = make('td', '', '');
    cell.style.setProperty('height', `${height}px`);
    row.append(cell);
    return row;
  }

  function draw(): void {
    if (samples === undefined) return;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - 4);
    const last = Math.min(rows.length, first + Math.ceil(clientHeight / ROW) + 8);
    drawn = [];
    if (first > 0) drawn.push(gap(first * ROW));
    for (let index = first; index < last; index++) drawn.push(rowOf(index, samples));
    if (last < rows.length) drawn.push(gap((rows.length - last) * ROW));
    body.replaceChildren(...drawn);
    mark();
    if (active < 0) scroller.removeAttribute('aria-activedescendant');
    else scroller.setAttribute('aria-activedescendant', `function-${active}`);
  }

  /** In place: an element that a first click replaces never gets its double click. */
  function mark(): void {
    for (const row of drawn) {
      const symbol = Number(row.dataset.symbol ?? -1);
      const isSelected = symbol >= 0 && symbol === selected;
      const isActive = row.id === `function-${active}`;
      row.className = [isSelected && 'selected', isActive && 'active', symbol < 0 && 'gap']
        .filter(Boolean)
        .join(' ');
      row.setAttribute('aria-selected', String(isSelected));
    }
  }

  /** @param ordered the rows, where they are known already */
  function sort(ordered?: Int32Array): void {
    if (samples === undefined) return;
    rows = ordered ?? order.rows(samples, matched, side);
    scrollTop = Math.min(scrollTop, Math.max(0, (rows.length + 1) * ROW - clientHeight));
    active = -1;
    find('functions-table').setAttribute('aria-rowcount', String(rows.length + 1));
    const noun = rows.length === 1 ? 'function' : 'functions';
    const shares = comparison === undefined ? '' : ' \u00b7 shares after, change in points';
    find('functions-count').textContent = `${formatCount(rows.length)} ${noun}${shares}`;
    draw();
  }

  function symbolAt(event: PageEvent): number {
    const row = (event.target as PageElement).closest('tr');
    return Number(row?.dataset.symbol ?? -1);
  }

  /** Whether the key was for the table. */
  function onKey({ key, ctrlKey, metaKey, target }: PageEvent): boolean {
    if (ctrlKey || metaKey || (target as PageElement).closest('button')) return false;
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[key];
    if (step !== undefined) {
      active = Math.max(0, Math.min(rows.length - 1, active + step));
      const top = active * ROW;
      const room = scroller.clientHeight - ROW;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + ROW > scroller.scrollTop + room) scroller.scrollTop = top + ROW - room;
      look();
    } else if (active >= 0 && key === 'Enter') actions.selected(rows[active] as number);
    else if (active >= 0 && key === 's') actions.opened(rows[active] as number);
    else return false;
    return true;
  }

  function look(): void {
    [scrollTop, clientHeight] = [scroller.scrollTop, scroller.clientHeight];
    draw();
  }

  scroller.addEventListener('scroll', look);
  scroller.addEventListener('keydown', (event) => {
    if (onKey(event)) event.preventDefault();
  });
  body.addEventListener('click', (event) => {
    const symbol = symbolAt(event);
    if (symbol >= 0) actions.selected(symbol);
  });
  body.addEventListener('mousedown', (event) => {
    // A double click opens; it is not to select a word as well.
    if (event.detail > 1) event.preventDefault();
  });
  body.addEventListener('dblclick', (event) => {
    const symbol = symbolAt(event);
    if (symbol >= 0) actions.opened(symbol);
  });
  new window.ResizeObserver(look).observe(scroller);
  drawHead();

  return {
    show(values: FunctionSamples, shownSide: Side): void {
      samples = values;
      side = shownSide;
      sort();
    },

    /** Some moments later: where it was scrolled to, it stays. @param ordered its rows, where they are known */
    update(
      values: FunctionSamples,
      matching: Uint8Array | undefined,
      chosen: number,
      ordered: Int32Array | undefined,
    ): void {
      samples = values;
      matched = matching;
      selected = chosen;
      sort(ordered);
    },

    /** Only functions that match; all of them for `undefined`. */
    filter(next: Uint8Array | undefined): void {
      matched = next;
      scroller.scrollTop = 0;
      scrollTop = 0;
      sort();
    },

    select(symbol: number): void {
      selected = symbol;
      mark();
    },
  };
}
