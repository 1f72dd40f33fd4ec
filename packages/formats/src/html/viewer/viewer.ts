/**
 * The script of the page: keeps what is zoomed, searched and selected, and has charts and table
 * redrawn for it. All of it is also kept in the address (`#zoom=12&search=gc`), so that Back zooms
 * out and a link shows what its sender saw. As in ../../svg/viewer/geometry.ts, the script is this
 * function's source text: nothing in it refers to anything outside it but types.
 */
import type { Geometry } from '../../svg/viewer/geometry.ts';
import type { PageData } from '../page-data.ts';
import type { Chart, ChartView } from './chart.ts';
import type { Colours, Comparison, Side } from './colours.ts';
import type { PageElement, PageEvent, PageInput, PageWindow } from './dom.ts';
import type { Pane, PaneActions } from './pane.ts';
import type { FunctionTable, TableActions } from './table.ts';
import type { Tooltip } from './tooltip.ts';
import type { FunctionSamples, Tree, TreeColumns, Trees } from './trees.ts';
import type { Words } from './words.ts';

/** Makes what the viewer shows things with, around the data that was read. */
export interface PageParts {
  readonly geometry: Geometry;
  readonly trees: Trees;
  readonly colours: Colours;
  readonly comparison: Comparison | undefined;
  readonly tooltip: Tooltip;
  words(all: number): Words;
  /** A chart in the elements whose ids begin with `name`. */
  pane(name: string, view: ChartView, words: Words, actions: PaneActions): readonly [Pane, Chart];
  table(all: number, actions: TableActions): FunctionTable;
  formatChange(growth: number): string;
}

export function runPage(
  window: PageWindow,
  data: PageData,
  columns: TreeColumns,
  parts: PageParts,
): void {
  const { geometry, trees, colours, comparison, tooltip } = parts;
  const { document } = window;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  const root = document.documentElement;
  const input = find('search') as PageInput;
  const darkness = window.matchMedia('(prefers-color-scheme: dark)');

  let side: Side = 'after';
  let tree = trees.treeOf(columns);
  const bySide = new Map<Side, Tree>([[side, tree]]);
  const sizes: Record<Side, number> = {
    after: tree.total[0] ?? 0,
    before: tree.otherTotal[0] ?? 0,
  };
  let samples: FunctionSamples;
  let query = '';
  let queryMatches: Uint8Array | undefined;
  let selected = -1;
  let isSandwich = false;
  let nextMatch = 0;

  const viewOf = (isUpward: boolean): ChartView => {
    const none = { zoom: 0, hovered: -1, cursor: -1, matched: undefined };
    return { tree, ...none, isUpward, side };
  };
  const views = { graph: viewOf(data.isUpward), callers: viewOf(true), callees: viewOf(false) };
  const words = parts.words(sizes.after);
  const paneOf = (name: keyof typeof views) => {
    const view = views[name];
    return parts.pane(name, view, words, {
      zoomed: () => afterZoom(name === 'graph'),
      described: (node) => describe(view, node),
      picked: (symbol) => openSandwich(symbol),
    });
  };
  const [graph, graphChart] = paneOf('graph');
  const [callers, callersChart] = paneOf('callers');
  const [callees, calleesChart] = paneOf('callees');
  const charts = [graphChart, callersChart, calleesChart];
  const table = parts.table(sizes.after, {
    selected: (symbol) => select(symbol === selected && !isSandwich ? -1 : symbol),
    opened: (symbol) => openSandwich(symbol),
  });

  function describe(view: ChartView, node: number): void {
    const shown = node < 0 ? view.zoom : node;
    const name = words.nameOf(view.tree, shown);
    const text = [name, ...words.ofBox(view.tree, shown, view.zoom, view.side)];
    find('status').textContent = text.join(' \u00b7 ');
  }

  /** 1 for the symbols that are marked: the selected one, else those of the search. */
  function marked(): Uint8Array | undefined {
    if (selected < 0) return queryMatches;
    const only = new Uint8Array(data.names.length);
    only[selected] = 1;
    return only;
  }

  function showMatches(): void {
    const matched = marked();
    views.graph.matched = matched;
    views.callers.matched = queryMatches;
    views.callees.matched = queryMatches;
    for (const chart of charts) chart.queueDraw();
    const { zoom } = views.graph;
    const found = matched === undefined ? 0 : trees.matchedSamples(tree, matched, zoom);
    const share = geometry.formatShare(found, tree.total[zoom] ?? 0);
    const text = found === 0 ? 'no match' : `${share} matched`;
    find('result').textContent = matched === undefined ? '' : text;
  }

  function search(text: string): void {
    query = text;
    const matches = geometry.matcher(query);
    queryMatches = matches && Uint8Array.from(data.names, (name) => (matches(name) ? 1 : 0));
    // All samples are no function.
    if (queryMatches !== undefined) queryMatches[0] = 0;
    nextMatch = 0;
    table.filter(queryMatches);
  }

  function select(symbol: number): void {
    selected = symbol;
    nextMatch = 0;
    table.select(symbol);
    if (isSandwich) showSandwich();
    showMatches();
    remember(false);
  }

  function showSandwich(): void {
    const hasFunction = selected >= 0;
    find('sandwich-hint').hidden = hasFunction;
    find('sandwich-charts').hidden = !hasFunction;
    if (!hasFunction) return;
    find('sandwich-name').textContent = data.names[selected] ?? '';
    const total = samples.total[selected] ?? 0;
    const share = `${words.samples(total)}, ${geometry.formatShare(total, sizes[side])}`;
    find('sandwich-share').textContent = [share, words.place(selected)].join(' \u00b7 ');
    for (const view of [views.callers, views.callees]) view.side = side;
    callers.show(trees.callersOf(tree, selected));
    callees.show(trees.calleesOf(tree, selected));
    describe(views.callees, -1);
  }

  function showMode(): void {
    for (const [name, isShown] of [
      ['graph', !isSandwich],
      ['sandwich', isSandwich],
    ] as const) {
      find(`${name}-view`).hidden = !isShown;
      find(`show-${name}`).setAttribute('aria-pressed', String(isShown));
    }
    if (isSandwich) showSandwich();
    else describe(views.graph, -1);
  }

  function setMode(next: boolean): void {
    isSandwich = next;
    showMode();
    showMatches();
    remember(true);
  }

  function openSandwich(symbol: number): void {
    selected = symbol;
    table.select(symbol);
    tooltip.hide();
    setMode(true);
  }

  function afterZoom(isGraph: boolean): void {
    if (!isGraph) return;
    find('reset').setAttribute('aria-disabled', String(views.graph.zoom === 0));
    showMatches();
    describe(views.graph, -1);
    remember(true);
  }

  function zoomTo(node: number): void {
    if (node === views.graph.zoom) return;
    graph.zoomTo(node);
    afterZoom(true);
  }

  function zoomToMatch(step: number): void {
    const matched = marked();
    const found = matched === undefined ? [] : trees.outermostMatches(tree, matched);
    if (found.length === 0) return;
    const place = (nextMatch + (step < 0 ? found.length - 2 : 0)) % found.length;
    nextMatch = (place + 1 + found.length) % found.length;
    const node = found.at(place) ?? 0;
    graph.zoomTo(node);
    graphChart.reveal(node);
    afterZoom(true);
  }

  function showSide(next: Side): void {
    side = next;
    tree = bySide.get(side) ?? trees.swapped(columns);
    bySide.set(side, tree);
    samples = trees.functionsOf(tree, data.names.length);
    const { zoom } = views.graph;
    views.graph.side = side;
    if (comparison !== undefined) {
      const largest = comparison.largestChange(tree, side);
      colours.setLargest(largest);
      find('largest-shrunk').textContent = `shrank, up to ${parts.formatChange(-largest)} points`;
      find('largest-grown').textContent = `grew, up to ${parts.formatChange(largest)} points`;
      for (const each of ['after', 'before'] as const) {
        find(`size-by-${each}`).setAttribute('aria-pressed', String(each === side));
      }
    }
    graph.show(tree);
    if ((tree.total[zoom] ?? 0) > 0) views.graph.zoom = zoom;
    graphChart.show();
    table.show(samples, side);
    if (isSandwich) showSandwich();
    showMatches();
    describe(views.graph, -1);
  }

  function showTheme(): void {
    const isDark =
      root.dataset.theme === undefined ? darkness.matches : root.dataset.theme === 'dark';
    colours.setTheme(isDark ? 'dark' : 'light');
    find('theme').setAttribute('aria-pressed', String(isDark));
    for (const chart of charts) chart.fit();
  }

  function flip(): void {
    views.graph.isUpward = !views.graph.isUpward;
    find('flip').setAttribute('aria-pressed', String(views.graph.isUpward));
    graphChart.fit();
    graphChart.reveal(views.graph.zoom);
  }

  function remember(isNewStep: boolean): void {
    const parameters = new window.URLSearchParams();
    if (views.graph.zoom !== 0) parameters.set('zoom', String(views.graph.zoom));
    if (query !== '') parameters.set('search', query);
    if (selected >= 0) parameters.set('function', String(selected));
    if (isSandwich) parameters.set('view', 'sandwich');
    if (comparison !== undefined && side !== data.compared?.sizeBy) parameters.set('size', side);
    const hash = `#${parameters.toString()}`;
    try {
      if (isNewStep) window.history.pushState(null, '', hash);
      else window.history.replaceState(null, '', hash);
    } catch {
      // Documents without an address of their own (data:, srcdoc) may refuse; the view is the same.
    }
  }

  function recall(): void {
    const parameters = new window.URLSearchParams(window.location.hash.slice(1));
    const numberOf = (name: string, limit: number, otherwise: number): number => {
      const text = parameters.get(name) ?? '';
      return /^\d{1,9}$/.test(text) && Number(text) < limit ? Number(text) : otherwise;
    };
    const wanted = parameters.get('size') ?? data.compared?.sizeBy;
    const shown: Side = comparison !== undefined && wanted === 'before' ? 'before' : 'after';
    if (shown !== side || samples === undefined) showSide(shown);
    input.value = parameters.get('search') ?? '';
    search(input.value);
    selected = numberOf('function', data.names.length, -1);
    table.select(selected);
    isSandwich = parameters.get('view') === 'sandwich';
    const zoom = numberOf('zoom', tree.total.length, 0);
    graph.zoomTo((tree.total[zoom] ?? 0) > 0 ? zoom : 0);
    find('reset').setAttribute('aria-disabled', String(views.graph.zoom === 0));
    showMode();
    showMatches();
  }

  function clear(): void {
    if (isSandwich) setMode(false);
    else if (selected >= 0) select(-1);
    else if (query !== '') {
      input.value = '';
      search('');
      showMatches();
      remember(false);
    } else zoomTo(0);
  }

  function onKey(event: PageEvent): void {
    const isTyping = document.activeElement === input;
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') {
      clear();
      if (isTyping) find('graph-scroller').focus({ preventScroll: true });
    } else if (isTyping && event.key === 'Enter') zoomToMatch(event.shiftKey ? -1 : 1);
    else if (!isTyping && event.key === (isCommand ? 'f' : '/')) {
      // The second Ctrl-F is the browser's own.
      input.focus({ preventScroll: true });
      input.select();
    } else if (!isTyping && !isCommand && !event.altKey && event.key === 'i') flip();
    else return;
    event.preventDefault();
  }

  function onClick(id: string, act: () => void): void {
    find(id).addEventListener('click', act);
  }

  input.addEventListener('input', () => {
    search(input.value);
    selected = -1;
    table.select(-1);
    showMatches();
    remember(false);
  });
  onClick('show-graph', () => setMode(false));
  onClick('show-sandwich', () => setMode(true));
  onClick('reset', () => zoomTo(0));
  onClick('flip', flip);
  onClick('theme', () => {
    const isDark = find('theme').getAttribute('aria-pressed') === 'true';
    root.dataset.theme = isDark ? 'light' : 'dark';
    showTheme();
  });
  onClick('toggle-functions', () => {
    const isHidden = !find('functions').hidden;
    find('functions').hidden = isHidden;
    find('divider').hidden = isHidden;
    find('toggle-functions').setAttribute('aria-pressed', String(!isHidden));
  });
  if (comparison !== undefined) {
    for (const each of ['after', 'before'] as const) {
      onClick(`size-by-${each}`, () => {
        showSide(each);
        remember(false);
      });
    }
  }
  window.addEventListener('keydown', onKey);
  window.addEventListener('popstate', recall);
  darkness.addEventListener('change', showTheme);

  recall();
  showTheme();
  find('flip').setAttribute('aria-pressed', String(views.graph.isUpward));
  root.dataset.ready = '';
}
