/**
 * The script of the page: keeps what is zoomed, searched and selected, and has charts and table
 * redrawn for it.
 */

import type { PageCanvas, PageElement, PageWindow } from '@waggle/text/page';
import { formatChange } from '../../diff/significance.ts';
import { matcher } from '../../flame-graph/search.ts';
import { formatShare } from '../../value-text.ts';
import type { PageData, Side } from '../page-data.ts';
import { type ChartView, createChart } from './chart.ts';
import { createColours, createComparison } from './colours.ts';
import { createControls } from './controls.ts';
import { createDivider } from './divider.ts';
import { createFunctionRows } from './function-rows.ts';
import { createLabels } from './labels.ts';
import { createPane } from './pane.ts';
import { sameNode, symbolKeys } from './same-node.ts';
import { createSandwich } from './sandwich.ts';
import { stateOfNodes, withoutStates } from './state-filter.ts';
import { createFunctionTable } from './table.ts';
import { createTooltip } from './tooltip.ts';
import {
  type FunctionSamples,
  functionsOf,
  matchedSamples,
  outermostMatches,
  swapped,
  type Tree,
  type TreeColumns,
  treeOf,
} from './trees.ts';
import { createUrlState } from './url-state.ts';

export function runPage(window: PageWindow, first: PageData, firstColumns: TreeColumns) {
  const { document } = window;
  // Others hold it, and it changes where the page is brought up to date.
  const data: PageData = { ...first };
  let columns = firstColumns;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  const comparison = data.compared && createComparison(data.compared);
  const colours = createColours(data, comparison);
  const tooltip = createTooltip(window, find('tooltip'));
  const urlState = createUrlState(window);
  createDivider(window, find('divider'), find('main'));

  let side: Side = 'after';
  const states = data.states ?? [];
  const stateOf = stateOfNodes(columns, states);
  let hiddenStates: ReadonlySet<number> = new Set();
  let tree = treeOf(columns);
  const bySide = new Map<Side, Tree>([[side, tree]]);
  let samples: FunctionSamples;
  let symbols = symbolKeys(data);
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
  // Of everything, whatever states are hidden.
  let whole = tree.total[0] ?? 0;
  const all = (): number => whole;
  const labels = createLabels(data, all, comparison);
  const paneOf = (name: keyof typeof views) => {
    const view = views[name];
    const scroller = find(`${name}-scroller`);
    const canvas = find(`${name}-canvas`) as PageCanvas;
    const spacer = find(`${name}-spacer`);
    const chart = createChart(window, scroller, canvas, spacer, colours, data, view);
    const pane = createPane(window, scroller, chart, view, labels, tooltip, {
      zoomed: () => afterZoom(name === 'graph'),
      described: (node) => describe(view, node),
      picked: (symbol) => openSandwich(symbol),
    });
    return [pane, chart] as const;
  };
  const [graph, graphChart] = paneOf('graph');
  const [callers, callersChart] = paneOf('callers');
  const [callees, calleesChart] = paneOf('callees');
  const sandwich = createSandwich(window, data, labels, callers, callees);
  const charts = [graphChart, callersChart, calleesChart];
  const rows = createFunctionRows(data, comparison);
  const table = createFunctionTable(window, data, all, comparison, rows, {
    selected: (symbol) => select(symbol === selected && !isSandwich ? -1 : symbol),
    opened: (symbol) => openSandwich(symbol),
  });

  function describe(view: ChartView, node: number): void {
    const shown = node < 0 ? view.zoom : node;
    const name = labels.nameOf(view.tree, shown);
    const text = [name, ...labels.ofBox(view.tree, shown, view.zoom, view.side)];
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
    for (const chart of charts) chart.redraw();
    const { zoom } = views.graph;
    const found = matched === undefined ? 0 : matchedSamples(tree, matched, zoom);
    const share = formatShare(found, tree.total[zoom] ?? 0);
    const otherwise =
      selected < 0 || sandwichSide() === side ? 'no match' : `only ${sandwichSide()}`;
    const text = found === 0 ? otherwise : `${share} matched`;
    find('result').textContent = matched === undefined ? '' : text;
  }

  function matchesOf(names: readonly string[]): Uint8Array | undefined {
    const matches = matcher(query);
    const found = matches && Uint8Array.from(names, (name) => (matches(name) ? 1 : 0));
    // All samples are no function.
    if (found !== undefined) found[0] = 0;
    return found;
  }

  function match(): void {
    queryMatches = matchesOf(data.names);
    nextMatch = 0;
  }

  function search(text: string): void {
    query = text;
    match();
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

  /** A function that is gone, or new, has samples on one side only: that one is shown. */
  function sandwichSide(): Side {
    const isElsewhere = (samples.total[selected] ?? 0) === 0;
    if (comparison === undefined || !isElsewhere) return side;
    return side === 'after' ? 'before' : 'after';
  }

  function showSandwich(): void {
    const shown = sandwichSide();
    sandwich.show(selected, treeBySide(shown), shown);
    if (selected >= 0) describe(views.callees, -1);
  }

  function showMode(): void {
    for (const [name, isShown] of [
      ['graph', !isSandwich],
      ['sandwich', isSandwich],
    ] as const) {
      find(`${name}-view`).hidden = !isShown;
      controls.press(`show-${name}`, isShown);
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
    controls.showZoomed(views.graph.zoom !== 0);
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
    const found = matched === undefined ? [] : outermostMatches(tree, matched);
    if (found.length === 0) return;
    const place = (nextMatch + (step < 0 ? found.length - 2 : 0)) % found.length;
    nextMatch = (place + 1 + found.length) % found.length;
    const node = found.at(place) ?? 0;
    if (isSandwich) setMode(false);
    graph.zoomTo(node);
    graphChart.reveal(node);
    afterZoom(true);
  }

  function treeBySide(which: Side): Tree {
    let made = bySide.get(which);
    if (made === undefined) {
      const shown = withoutStates(columns, stateOf, hiddenStates);
      made = which === 'after' ? treeOf(shown) : swapped(shown);
      bySide.set(which, made);
    }
    return made;
  }

  /** Not all of them: the last one that is hidden brings the others back. */
  function hideStates(hidden: Iterable<number>): void {
    const some = [...new Set(hidden)].filter((state) => state < states.length).sort();
    hiddenStates = new Set(some.length < states.length ? some : []);
    bySide.clear();
    if (states.length > 1)
      for (const state of states.keys()) controls.press(`state-${state}`, !hiddenStates.has(state));
    showSide(side);
  }

  function toggleState(state: number): void {
    const hidden = new Set(hiddenStates);
    if (!hidden.delete(state)) hidden.add(state);
    hideStates(hidden);
    controls.showZoomed(views.graph.zoom !== 0);
    remember(false);
  }

  function showSide(next: Side): void {
    side = next;
    tree = treeBySide(side);
    samples = functionsOf(tree, data.names.length);
    const { zoom } = views.graph;
    if (comparison !== undefined) {
      const largest = comparison.largestChange(tree, side);
      colours.setLargest(largest);
      find('largest-shrunk').textContent = `shrank, up to ${formatChange(-largest)} points`;
      find('largest-grown').textContent = `grew, up to ${formatChange(largest)} points`;
      for (const each of ['after', 'before'] as const) {
        controls.press(`size-by-${each}`, each === side);
      }
    }
    graph.show(tree, side);
    if ((tree.total[zoom] ?? 0) > 0) views.graph.zoom = zoom;
    graphChart.show();
    table.show(samples, side);
    if (isSandwich) showSandwich();
    showMatches();
    describe(views.graph, -1);
  }

  function flip(): void {
    views.graph.isUpward = !views.graph.isUpward;
    controls.press('flip', views.graph.isUpward);
    graphChart.fit();
    graphChart.reveal(views.graph.zoom);
  }

  function remember(isNewStep: boolean): void {
    const { zoom } = views.graph;
    const sizeBy = side === (data.compared?.sizeBy ?? 'after') ? undefined : side;
    const hidden = [...hiddenStates];
    urlState.write(
      { zoom, search: query, symbol: selected, isSandwich, sizeBy, hidden },
      isNewStep,
    );
  }

  function recall(): void {
    const shown = urlState.read();
    const wanted = shown.sizeBy ?? data.compared?.sizeBy ?? 'after';
    const next = comparison === undefined ? 'after' : wanted;
    if (next !== side || samples === undefined) showSide(next);
    if (shown.hidden.join('.') !== [...hiddenStates].join('.')) hideStates(shown.hidden);
    controls.setQuery(shown.search);
    search(shown.search);
    selected = shown.symbol < data.names.length ? shown.symbol : -1;
    table.select(selected);
    isSandwich = shown.isSandwich;
    graph.zoomTo((tree.total[shown.zoom] ?? 0) > 0 ? shown.zoom : 0);
    controls.showZoomed(views.graph.zoom !== 0);
    showMode();
    showMatches();
  }

  function leave(): void {
    if (isSandwich) setMode(false);
    else if (selected >= 0) select(-1);
    else if (query !== '') {
      controls.setQuery('');
      searchAnew('');
    } else zoomTo(0);
  }

  function searchAnew(text: string): void {
    search(text);
    selected = -1;
    table.select(-1);
    showMatches();
    remember(false);
  }

  /**
   * The same profile, some moments later. What is shown of it stays.
   *
   * @param nextFrame to be waited for between parts of the work, each short enough for a frame
   */
  async function update(
    next: PageData,
    nextColumns: TreeColumns,
    nextFrame: () => Promise<void>,
  ): Promise<void> {
    const nextTree = treeOf(nextColumns);
    await nextFrame();
    const nextSamples = functionsOf(nextTree, next.names.length);
    await nextFrame();
    const nextSymbols = symbolKeys(next);
    await nextFrame();
    const order = rows.key() + rows.order();
    const asked = query;
    const nextMatches = matchesOf(next.names);
    const nextRows = rows.rows(nextSamples, nextMatches, side, next.names);
    await nextFrame();
    const before = { tree, symbols, zoom: views.graph.zoom };
    const chosen = before.symbols[selected];
    Object.assign(data, next);
    columns = nextColumns;
    tree = nextTree;
    whole = tree.total[0] ?? 0;
    bySide.clear();
    bySide.set('after', tree);
    symbols = nextSymbols;
    selected = chosen === undefined ? -1 : symbols.indexOf(chosen);
    samples = nextSamples;
    // Somebody may have typed, or sorted otherwise, meanwhile.
    if (query === asked) queryMatches = nextMatches;
    else match();
    const isSame = query === asked && order === rows.key() + rows.order();
    nextMatch = 0;
    graph.update(tree, sameNode(before, { tree, symbols }));
    table.update(samples, queryMatches, selected, isSame ? nextRows : undefined);
    controls.showZoomed(views.graph.zoom !== 0);
    if (isSandwich) showSandwich();
    else describe(views.graph, -1);
    showMatches();
  }

  const controls = createControls(window, {
    search: searchAnew,
    step: zoomToMatch,
    leave,
    showAll: () => zoomTo(0),
    showSandwich: setMode,
    sizeBy: (next) => {
      showSide(next);
      remember(false);
    },
    toggleState,
    flip,
    setTheme: (theme) => {
      colours.setTheme(theme);
      for (const chart of charts) chart.fit();
    },
  });
  window.addEventListener('popstate', recall);

  recall();
  controls.showTheme();
  controls.press('flip', views.graph.isUpward);
  document.documentElement.dataset.ready = '';
  return { update, setTheme: controls.setTheme };
}
