/** What can be downloaded of the span: its profile in every format, its comparison, its events, its timeline. */

import { finder, type PageElement, type PageWindow } from './dom.ts';
import { baseQueryOf, queryOf, type Server } from './server.ts';
import type { ScopedProcess, Span } from './state.ts';

const PROFILES = [
  ['pb.gz', 'Profile for pprof (.pb.gz)'],
  ['html', 'Flame graph as a page (.html)'],
  ['svg', 'Flame graph as a picture (.svg)'],
  ['folded', 'Folded stacks (.folded)'],
  ['speedscope.json', 'For speedscope (.speedscope.json)'],
  ['json', 'For Firefox Profiler (.json)'],
  ['otlp', 'OpenTelemetry (.otlp)'],
] as const;

const COMPARISONS = [
  ['html', 'Comparison as a page (.html)'],
  ['svg', 'Comparison as a picture (.svg)'],
  ['folded', 'Comparison, folded stacks (.folded)'],
] as const;

const EVENTS = [
  ['jsonl', 'Events (.jsonl)'],
  ['csv', 'Events as a table (.csv)'],
  ['pftrace', 'Events for Perfetto (.pftrace)'],
  ['db', 'Events as an SQLite database (.db)'],
] as const;

export function createDownloads(window: PageWindow, server: Server) {
  const find = finder(window);
  const list = find('download-list');
  const menu = find('download');
  /** What the links are of: the same ones stay, and with them the focus. */
  let shown = '';

  const close = (): void => menu.removeAttribute('open');

  function link(text: string, url: string, file: string): PageElement {
    const item = window.document.createElement('li');
    const made = window.document.createElement('a');
    made.textContent = text;
    made.setAttribute('href', url);
    made.setAttribute('download', file);
    made.addEventListener('click', close);
    item.append(made);
    return item;
  }

  // As menus do: whoever looks elsewhere has chosen nothing.
  window.addEventListener('pointerdown', ({ target }) => {
    if (!menu.contains(target)) close();
  });
  // Into a frame, whose clicks are its own.
  window.addEventListener('blur', close);
  menu.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape') return;
    close();
    find('download-summary').focus();
  });

  return {
    /** The links of a span. @param base what it is compared with */
    show(span: Span, scope: ScopedProcess | undefined, base: Span | undefined): void {
      const query = queryOf(span, scope);
      const compared = { ...query, ...(base && baseQueryOf(base)) };
      const of = JSON.stringify(compared);
      if (of === shown) return;
      shown = of;
      // Of UTC, as whoever gets the file may be elsewhere.
      const name = `waggle-${new Date(span.from).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
      list.replaceChildren(
        ...PROFILES.map(([format, text]) =>
          link(text, server.url('api/profile', { ...query, format }), `${name}.${format}`),
        ),
        ...(base === undefined ? [] : COMPARISONS).map(([format, text]) =>
          link(text, server.url('api/diff', { ...compared, format }), `${name}-compared.${format}`),
        ),
        link(
          'Timeline as a page (.html)',
          server.url('api/timeline', query),
          `${name}-timeline.html`,
        ),
        ...EVENTS.map(([format, text]) =>
          link(text, server.url('api/events', { ...query, format }), `${name}.${format}`),
        ),
      );
    },
  };
}
