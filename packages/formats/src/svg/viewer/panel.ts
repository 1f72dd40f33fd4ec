/**
 * What the script adds around the boxes: search field, buttons and the status bar. Only a script can
 * use them, so the still picture does not have them.
 */

import { clip } from '../../flame-graph/label.ts';
import type { FlameMetrics } from './data.ts';
import type { DomElement, DomInput, DomWindow } from './dom.ts';

export interface PanelActions {
  search(query: string): void;
  resetZoom(): void;
  flip(): void;
}

export function createPanel(
  window: DomWindow,
  svg: DomElement,
  metrics: FlameMetrics,
  actions: PanelActions,
) {
  const SVG = 'http://www.w3.org/2000/svg';
  const XHTML = 'http://www.w3.org/1999/xhtml';
  const STATUS_HEIGHT = 46;
  const CONTROLS_WIDTH = 452;
  const LEGEND_WIDTH = 430;

  function add(
    parent: DomElement,
    namespace: string,
    name: string,
    attributes: Record<string, string>,
    text = '',
  ): DomElement {
    const element = window.document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== '') element.textContent = text;
    parent.append(element);
    return element;
  }

  function addButton(text: string, hint: string, act: () => void): DomElement {
    const button = add(bar, XHTML, 'button', { type: 'button', title: hint }, text);
    button.addEventListener('click', act);
    return button;
  }

  const header = svg.getElementsByClassName('header')[0] as DomElement;
  const headerBackground = svg.getElementsByClassName('header-bg')[0] as DomElement;
  const legend = svg.getElementsByClassName('legend')[0];

  const holder = add(header, SVG, 'foreignObject', {
    y: String(metrics.header - 34),
    width: String(CONTROLS_WIDTH),
    height: '30',
  });
  const bar = add(holder, XHTML, 'div', { class: 'controls', role: 'search' });
  const result = add(bar, XHTML, 'output', { class: 'result', 'aria-live': 'polite' });
  const input = add(bar, XHTML, 'input', {
    type: 'search',
    placeholder: 'Search (Ctrl-F)',
    'aria-label': 'Search functions, /regular expression/ between slashes',
    title: 'Text, or a regular expression between slashes',
    spellcheck: 'false',
    autocomplete: 'off',
  }) as DomInput;
  input.addEventListener('input', () => actions.search(input.value));
  const reset = addButton('Reset zoom', 'Show all samples (Escape)', actions.resetZoom);
  addButton('Flip', 'Root at the bottom or at the top (i)', actions.flip);

  const status = add(svg, SVG, 'g', { class: 'status' });
  const statusBackground = add(status, SVG, 'rect', {
    class: 'bg',
    height: String(STATUS_HEIGHT),
    width: '100%',
  });
  const statusEdge = add(status, SVG, 'rect', { class: 'edge', height: '1', width: '100%' });
  const x = String(metrics.margin);
  const first = add(status, SVG, 'text', { class: 'mono strong', x, y: '19', role: 'status' });
  const second = add(status, SVG, 'text', { class: 'mono muted', x, y: '37' });

  let columns = 80;

  return {
    STATUS_HEIGHT,
    input,

    /** Fits header and status bar to a picture of `width` px. */
    resize(width: number, charWidth: number): void {
      columns = Math.floor((width - 2 * metrics.margin) / charWidth);
      for (const element of [headerBackground, statusBackground, statusEdge]) {
        element.setAttribute('width', String(width));
      }
      const left = Math.max(metrics.margin, width - metrics.margin - CONTROLS_WIDTH);
      holder.setAttribute('x', String(left));
      if (left < metrics.margin + LEGEND_WIDTH) legend?.setAttribute('display', 'none');
      else legend?.removeAttribute('display');
    },

    /** Keeps the header at `top` and the status bar above `bottom`, in px of the document. */
    pin(top: number, bottom: number): void {
      header.setAttribute('transform', `translate(0 ${top})`);
      status.setAttribute('transform', `translate(0 ${bottom - STATUS_HEIGHT})`);
    },

    describe(title: string, details: string): void {
      first.textContent = clip(title, columns);
      second.textContent = clip(details, columns);
    },

    showResult(text: string): void {
      result.textContent = text;
    },

    showZoomed(isZoomed: boolean): void {
      if (isZoomed) reset.removeAttribute('disabled');
      else reset.setAttribute('disabled', '');
    },
  };
}
