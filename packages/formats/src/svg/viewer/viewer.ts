/**
 * The script of the SVG: keeps what is zoomed, searched and pointed at, and has the picture redrawn
 * for it. Zoom and search are also kept in the address (`#zoom=12&search=gc`), so that Back zooms
 * out and a link shows what its sender saw.
 */

import { changeLines } from '../../flame-graph/change-text.ts';
import { matcher } from '../../flame-graph/search.ts';
import { formatShare, formatValue } from '../../value-text.ts';
import { createBoxes, type FlameView } from './boxes.ts';
import type { FlameData } from './data.ts';
import type { DomElement, DomEvent, DomWindow } from './dom.ts';
import type { Direction, FlameFrame } from './geometry.ts';
import { decodeRows, matchedSamples, neighbourOf, placementOf } from './geometry.ts';
import { createPanel } from './panel.ts';

export function runViewer(window: DomWindow, svg: DomElement): void {
  const MIN_WIDTH = 480;
  const HINT = 'Point at a box for details, click to zoom, arrow keys and Enter do the same.';

  const find = (name: string): DomElement => svg.getElementsByClassName(name)[0] as DomElement;
  const data = JSON.parse(find('data').textContent ?? '') as FlameData;
  const rows = decodeRows(data.rows);
  const frames = rows.flat();
  const root = frames[0] as FlameFrame;

  // Inside an HTML page the picture keeps its size and leaves keys and address to the page.
  const isStandalone = window.document.documentElement === svg;

  const view: FlameView = {
    zoom: root,
    matched: new Set(),
    cursor: undefined,
    isFlipped: svg.getAttribute('data-inverted') !== null,
  };
  let width = Number(svg.getAttribute('width'));
  let query = '';

  const container = find('boxes');
  const boxes = createBoxes(window, container, data, frames, view);
  const panel = createPanel(window, svg, data.layout, {
    search: (text) => {
      search(text);
      remember(false);
    },
    resetZoom: () => zoomTo(root),
    flip,
  });
  const { header, row: rowHeight, margin, footer } = data.layout;
  const height = header + rows.length * rowHeight + footer + margin + panel.STATUS_HEIGHT;
  const { compared } = data;

  function pin(): void {
    if (!isStandalone) {
      panel.pin(0, height);
      return;
    }
    const top = Math.max(0, Math.min(window.scrollY, height - window.innerHeight));
    panel.pin(top, Math.min(height, top + window.innerHeight));
  }

  function resize(): void {
    if (isStandalone) {
      width = Math.max(MIN_WIDTH, svg.clientWidth || width);
      // One px of the picture is one px of the window: text keeps its size, boxes use the room.
      svg.setAttribute('style', `width:${width}px;height:${height}px`);
    } else {
      svg.setAttribute('height', String(height));
    }
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    panel.resize(width, boxes.charWidth);
    boxes.draw(width);
    describe(undefined);
    pin();
  }

  function countsOf(frame: FlameFrame): string[] {
    if (compared === undefined) {
      const value = formatValue(frame.count, data.unit);
      return [`${value}, ${formatShare(frame.count, root.count)}`];
    }
    const other = compared.others[frame.index] ?? 0;
    const isAfter = compared.shown === 'after';
    const [before, after] = isAfter ? [other, frame.count] : [frame.count, other];
    return changeLines({ before, after }, compared, data.unit);
  }

  function describe(frame: FlameFrame | undefined): void {
    const { zoom, cursor } = view;
    const shown = frame ?? cursor ?? zoom;
    const [name = '', kind = '', object = -1] = data.symbols[shown.symbol] ?? [];
    const details = countsOf(shown);
    if (zoom !== root && shown.row >= zoom.row) {
      details.push(`${formatShare(shown.count, zoom.count)} of view`);
    }
    if (shown !== root && compared === undefined)
      details.push(`self ${formatShare(shown.self, root.count)}`);
    if (kind !== '') details.push(kind);
    const place = data.places?.texts[data.places.of[shown.index] ?? -1];
    if (place !== undefined) details.push(place);
    const path = data.objects[object];
    if (path !== undefined) details.push(path);
    if (shown === root) details.push(HINT);
    panel.describe(name, details.join(' \u00b7 '));
  }

  function tooltipOf(frame: FlameFrame): string {
    const name = boxes.nameOf(frame);
    if (compared !== undefined) return [name, ...countsOf(frame)].join('\n');
    return `${name} (${formatShare(frame.count, root.count)})`;
  }

  function showMatches(): void {
    container.setAttribute('class', query === '' ? 'boxes' : 'boxes searching');
    const samples = matchedSamples([...view.matched], view.zoom);
    const share = `${formatShare(samples, view.zoom.count)} matched`;
    panel.showResult(query === '' ? '' : samples === 0 ? 'no match' : share);
  }

  function search(text: string): void {
    query = text;
    const matches = matcher(query);
    // Names repeat: test each symbol once, not each box.
    const symbols = data.symbols.map(([name]) => matches?.(name) ?? false);
    view.matched = new Set(frames.filter((frame) => frame !== root && symbols[frame.symbol]));
    for (const frame of frames) boxes.paint(frame);
    showMatches();
  }

  function showZoom(frame: FlameFrame): void {
    view.zoom = frame;
    const { cursor } = view;
    if (cursor !== undefined && !placementOf(cursor, frame, width)) view.cursor = undefined;
    boxes.draw(width);
    showMatches();
    panel.showZoomed(frame !== root);
    describe(undefined);
  }

  function zoomTo(frame: FlameFrame): void {
    if (frame === view.zoom) return;
    showZoom(frame);
    remember(true);
  }

  function flip(): void {
    view.isFlipped = !view.isFlipped;
    boxes.placeRows();
    revealRoot();
  }

  /** A tower higher than the window is entered at its root. */
  function revealRoot(): void {
    if (isStandalone) window.scrollTo(0, view.isFlipped ? 0 : height);
    pin();
  }

  function remember(isNewStep: boolean): void {
    if (!isStandalone) return;
    const parameters = new window.URLSearchParams();
    if (view.zoom !== root) parameters.set('zoom', String(view.zoom.index));
    if (query !== '') parameters.set('search', query);
    const hash = `#${parameters.toString()}`;
    try {
      if (isNewStep) window.history.pushState(null, '', hash);
      else window.history.replaceState(null, '', hash);
    } catch {
      // Documents without an address of their own (data:, srcdoc) may refuse; the view is the same.
    }
  }

  function recall(): void {
    const parameters = new window.URLSearchParams(
      isStandalone ? window.location.hash.slice(1) : '',
    );
    const text = parameters.get('search') ?? '';
    panel.input.value = text;
    search(text);
    showZoom(frames[Number(parameters.get('zoom') ?? 0)] ?? root);
  }

  function moveCursor(direction: Direction): void {
    const before = view.cursor;
    const next = before && (neighbourOf(rows, before, direction, view.zoom) ?? before);
    const cursor = next ?? view.zoom;
    view.cursor = cursor;
    if (before !== undefined) boxes.paint(before);
    boxes.paint(cursor);
    describe(cursor);
    container.setAttribute(
      'aria-label',
      `${boxes.nameOf(cursor)}, ${formatValue(cursor.count, data.unit)}`,
    );
  }

  function onBoxesKey(event: DomEvent): void {
    const directions: Record<string, Direction> = {
      ArrowLeft: 'left',
      ArrowRight: 'right',
      ArrowUp: view.isFlipped ? 'caller' : 'callee',
      ArrowDown: view.isFlipped ? 'callee' : 'caller',
    };
    const direction = directions[event.key ?? ''];
    const isCommand = event.ctrlKey || event.metaKey || event.altKey;
    if (isCommand) return;
    if (direction !== undefined) moveCursor(direction);
    else if (event.key === 'Enter' || event.key === ' ') zoomTo(view.cursor ?? root);
    else if (event.key === 'Backspace') {
      zoomTo(neighbourOf(rows, view.zoom, 'caller', root) ?? root);
    } else return;
    event.preventDefault();
  }

  function onKey(event: DomEvent): void {
    const isTyping = window.document.activeElement === panel.input;
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') {
      if (query === '') zoomTo(root);
      else {
        panel.input.value = '';
        search('');
        remember(false);
      }
      if (isTyping) container.focus({ preventScroll: true });
    } else if (!isTyping && event.key === (isCommand ? 'f' : '/')) {
      // The second Ctrl-F is the browser's own.
      panel.input.focus({ preventScroll: true });
      panel.input.select();
    } else if (!isTyping && !isCommand && event.key === 'i') flip();
    else return;
    event.preventDefault();
  }

  function onResize(): void {
    if (isResizing) return;
    isResizing = true;
    const wasAtEnd = window.scrollY + windowHeight >= height - 1;
    window.requestAnimationFrame(() => {
      isResizing = false;
      windowHeight = window.innerHeight;
      resize();
      if (wasAtEnd) revealRoot();
    });
  }

  let isResizing = false;
  let windowHeight = window.innerHeight;

  container.addEventListener('mouseover', (event) => {
    const frame = boxes.frameOf(event.target);
    describe(frame);
    boxes.showTooltip(frame, frame === undefined ? '' : tooltipOf(frame));
  });
  container.addEventListener('mouseout', () => describe(undefined));
  container.addEventListener('click', (event) => {
    const frame = boxes.frameOf(event.target);
    if (frame !== undefined) zoomTo(frame);
  });
  container.addEventListener('keydown', onBoxesKey);
  container.setAttribute('tabindex', '0');
  container.setAttribute('role', 'application');
  container.setAttribute('aria-label', 'Flame graph. Arrow keys move, Enter zooms.');
  if (isStandalone) {
    window.addEventListener('keydown', onKey);
    window.addEventListener('popstate', recall);
    window.addEventListener('scroll', pin);
    window.addEventListener('resize', onResize);
  }

  resize();
  boxes.placeRows();
  recall();
  revealRoot();
}
