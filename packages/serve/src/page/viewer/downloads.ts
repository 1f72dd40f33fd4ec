/** What can be downloaded of the span: its profile in every format, its events, its timeline. */

import { finder, type PageElement, type PageWindow } from './dom.ts';
import { queryOf, type Server } from './server.ts';
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

export function createDownloads(window: PageWindow, server: Server) {
  const find = finder(window);
  const list = find('download-list');
  const menu = find('download');

  function link(text: string, url: string, file: string): PageElement {
    const item = window.document.createElement('li');
    const made = window.document.createElement('a');
    made.textContent = text;
    made.setAttribute('href', url);
    made.setAttribute('download', file);
    made.addEventListener('click', () => menu.removeAttribute('open'));
    item.append(made);
    return item;
  }

  return {
    /** The links of a span. */
    show(span: Span, scope: ScopedProcess | undefined): void {
      const query = queryOf(span, scope);
      const name = `waggle-${new Date(span.from).toISOString().slice(0, 19).replaceAll(':', '-')}`;
      list.replaceChildren(
        ...PROFILES.map(([format, text]) =>
          link(text, server.url('api/profile', { ...query, format }), `${name}.${format}`),
        ),
        link(
          'Timeline as a page (.html)',
          server.url('api/timeline', query),
          `${name}-timeline.html`,
        ),
        link(
          'Events (.jsonl)',
          server.url('api/events', { ...query, format: 'jsonl' }),
          `${name}.jsonl`,
        ),
      );
    },
  };
}
