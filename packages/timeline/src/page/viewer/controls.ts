/** Wheel, drag, keys and the toolbar: what of them asks for what. */

import type { PageElement, PageEvent, PageInput, PageWindow } from '@waggle/text/page';
import type { Chart, View } from './chart.ts';
import type { ColourBy, Theme } from './colours.ts';

/** Of the wheel: pixels that double what is seen. */
const DOUBLES_PX = 260;
const LINE_PX = 33;
/** Less is a click. */
const DRAG_PX = 4;
const KEY_PAN = 0.15;
const KEY_ZOOM = 1.5;
const KEY_SCROLL = 3;

export interface ControlActions {
  readonly view: View;
  readonly chart: Chart;
  readonly whole: { readonly left: number; readonly span: number };
  setView(left: number, span: number): void;
  hover(process: number): void;
  select(process: number): void;
  search(text: string): void;
  step(by: 1 | -1): void;
  critical(isOn: boolean): void;
  colourBy(by: ColourBy): void;
  theme(theme: Theme): void;
  showTable(isTable: boolean): void;
  redraw(): void;
}

export function createControls(
  window: PageWindow,
  find: (id: string) => PageElement,
  actions: ControlActions,
) {
  const { document } = window;
  const { view, chart, whole } = actions;
  const [scroller, input] = [find('chart-scroller'), find('search') as PageInput];
  const root = document.documentElement;
  const darkness = window.matchMedia('(prefers-color-scheme: dark)');
  const isPressed = (id: string) => find(id).getAttribute('aria-pressed') === 'true';
  const press = (id: string, is: boolean) => find(id).setAttribute('aria-pressed', String(is));

  function zoom(factor: number, at: number): void {
    const span = Math.min(whole.span, view.span * factor);
    actions.setView(at - ((at - view.left) * span) / view.span, span);
  }

  function onWheel(event: PageEvent): void {
    const unit = event.deltaMode === 0 ? 1 : LINE_PX;
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      actions.setView(view.left + (sideways * unit * view.span) / chart.width(), view.span);
    else if (event.altKey) scroller.scrollTop += event.deltaY * unit;
    else zoom(2 ** ((event.deltaY * unit) / DOUBLES_PX), chart.timeAt(event.clientX));
    event.preventDefault();
  }

  let drag: { x: number; y: number; left: number; top: number; isMoved: boolean } | undefined;

  function onDown(event: PageEvent): void {
    if (event.button !== 0) return;
    drag = {
      ...{ x: event.clientX, y: event.clientY },
      ...{ left: view.left, top: scroller.scrollTop, isMoved: false },
    };
  }

  function onMove(event: PageEvent): void {
    if (drag === undefined || event.buttons === 0) {
      drag = undefined;
      actions.hover(chart.processAt(event.clientX, event.clientY));
      return;
    }
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.isMoved && Math.abs(x) + Math.abs(y) < DRAG_PX) return;
    if (!drag.isMoved) scroller.setPointerCapture(event.pointerId);
    drag.isMoved = true;
    scroller.scrollTop = drag.top - y;
    actions.setView(drag.left - (x * view.span) / chart.width(), view.span);
  }

  function onUp(event: PageEvent): void {
    const was = drag;
    drag = undefined;
    if (was === undefined || was.isMoved) return;
    actions.select(chart.processAt(event.clientX, event.clientY));
  }

  const middle = () => view.left + view.span / 2;
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => actions.setView(view.left - view.span * KEY_PAN, view.span),
    ArrowRight: () => actions.setView(view.left + view.span * KEY_PAN, view.span),
    ArrowUp: () => {
      scroller.scrollTop -= KEY_SCROLL * chart.ROW;
    },
    ArrowDown: () => {
      scroller.scrollTop += KEY_SCROLL * chart.ROW;
    },
    '+': () => zoom(1 / KEY_ZOOM, middle()),
    '=': () => zoom(1 / KEY_ZOOM, middle()),
    '-': () => zoom(KEY_ZOOM, middle()),
    '0': () => actions.setView(whole.left, whole.span),
    n: () => actions.step(1),
    N: () => actions.step(-1),
    c: () => toggleCritical(),
    t: () => showTable(!isPressed('show-table')),
    Escape: () => leave(),
  };

  function leave(): void {
    if (view.selected >= 0) actions.select(-1);
    else if (input.value !== '') search('');
    else actions.setView(whole.left, whole.span);
  }

  function onKey(event: PageEvent): void {
    const isTyping = document.activeElement === input;
    const isCommand = event.ctrlKey || event.metaKey || event.altKey;
    if (isTyping) {
      if (event.key === 'Enter') actions.step(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') scroller.focus({ preventScroll: true });
      else return;
    } else if (event.key === '/' || (event.ctrlKey && event.key === 'f')) {
      input.focus({ preventScroll: true });
      input.select();
    } else {
      // Arrows move in the table while it has the focus; buttons have keys of their own.
      const inTable = find('table-view').hidden === false && event.key.startsWith('Arrow');
      const act = keys[event.key];
      if (isCommand || inTable || act === undefined) return;
      act();
    }
    event.preventDefault();
  }

  function toggleCritical(): void {
    press('critical', !isPressed('critical'));
    actions.critical(isPressed('critical'));
  }

  function colour(by: ColourBy): void {
    press('by-program', by === 'program');
    press('by-outcome', by === 'outcome');
    find('outcomes').hidden = by !== 'outcome';
    actions.colourBy(by);
  }

  function showTable(isTable: boolean): void {
    press('show-timeline', !isTable);
    press('show-table', isTable);
    find('timeline-view').hidden = isTable;
    find('table-view').hidden = !isTable;
    actions.showTable(isTable);
  }

  function search(text: string): void {
    input.value = text;
    actions.search(text);
  }

  function showTheme(): void {
    const chosen = root.dataset.theme;
    const isDark = chosen === undefined ? darkness.matches : chosen === 'dark';
    press('theme', isDark);
    actions.theme(isDark ? 'dark' : 'light');
  }

  const clicks: Readonly<Record<string, () => void>> = {
    'show-timeline': () => showTable(false),
    'show-table': () => showTable(true),
    'by-program': () => colour('program'),
    'by-outcome': () => colour('outcome'),
    critical: toggleCritical,
    reset: () => actions.setView(whole.left, whole.span),
    theme: () => {
      root.dataset.theme = isPressed('theme') ? 'light' : 'dark';
      showTheme();
    },
  };
  for (const [id, act] of Object.entries(clicks)) find(id).addEventListener('click', act);
  input.addEventListener('input', () => actions.search(input.value));
  for (const each of [scroller, find('strip')])
    each.addEventListener('wheel', onWheel, { passive: false });
  scroller.addEventListener('pointerdown', onDown);
  scroller.addEventListener('pointermove', onMove);
  scroller.addEventListener('pointerup', onUp);
  scroller.addEventListener('pointerleave', () => actions.hover(-1));
  scroller.addEventListener('scroll', () => actions.redraw());
  window.addEventListener('keydown', onKey);
  darkness.addEventListener('change', showTheme);

  return {
    search,
    showTheme,
    isTable: () => isPressed('show-table'),
    showZoomed(is: boolean): void {
      find('reset').setAttribute('aria-disabled', String(!is));
    },
  };
}
