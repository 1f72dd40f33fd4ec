/**
 * What is shown, and the address that says so: a link shows what its sender saw. The token is never in it.
 */

import type { PageWindow } from './dom.ts';

export const VIEWS = ['flame', 'timeline', 'events', 'compare'] as const;
export type View = (typeof VIEWS)[number];

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ScopedProcess {
  readonly pid: number;
  readonly start: string;
}

export interface State {
  view: View;
  /** Chosen, or held by a pause. Undefined while the page follows what happens. */
  span: Span | undefined;
  /** Of a recording: what the strip shows of it. Undefined for all. */
  range: Span | undefined;
  /** Of what is followed: the last so many seconds; 0 for all that is kept. */
  windowSeconds: number;
  scope: ScopedProcess | undefined;
  /** What the span is compared with. */
  base: Span | undefined;
  /** Of events; empty for all. */
  kinds: readonly string[];
  onlyFailed: boolean;
  text: string;
}

const USUAL: State = {
  view: 'flame',
  span: undefined,
  range: undefined,
  windowSeconds: 10,
  scope: undefined,
  base: undefined,
  kinds: [],
  onlyFailed: false,
  text: '',
};

export function readState(window: PageWindow): State {
  const parameters = new window.URLSearchParams(window.location.hash.slice(1));
  const get = (name: string): string => parameters.get(name) ?? '';
  const spanOf = (name: string): Span | undefined => {
    const [, from, to] = /^(\d{12,14})-(\d{12,14})$/.exec(get(name)) ?? [];
    return from !== undefined && Number(from) < Number(to)
      ? { from: Number(from), to: Number(to) }
      : undefined;
  };
  const view = get('view') as View;
  const [, pid, start] = /^(\d{1,7}):(\d{1,20})$/.exec(get('process')) ?? [];
  const seconds = get('window');
  return {
    view: VIEWS.includes(view) ? view : USUAL.view,
    span: spanOf('span'),
    range: spanOf('range'),
    windowSeconds: /^\d{1,5}$/.test(seconds) ? Number(seconds) : USUAL.windowSeconds,
    scope: pid === undefined ? undefined : { pid: Number(pid), start: start ?? '' },
    base: spanOf('base'),
    kinds: get('kind') === '' ? [] : get('kind').split(','),
    onlyFailed: get('failed') === '1',
    text: get('text'),
  };
}

export function writeState(window: PageWindow, state: State): void {
  const parameters = new window.URLSearchParams();
  const { view, span, range, windowSeconds, scope, base, kinds, onlyFailed, text } = state;
  const spanText = ({ from, to }: Span) => `${Math.round(from)}-${Math.round(to)}`;
  if (view !== USUAL.view) parameters.set('view', view);
  if (span !== undefined) parameters.set('span', spanText(span));
  else if (windowSeconds !== USUAL.windowSeconds) parameters.set('window', String(windowSeconds));
  if (range !== undefined) parameters.set('range', spanText(range));
  if (scope !== undefined) parameters.set('process', `${scope.pid}:${scope.start}`);
  if (base !== undefined) parameters.set('base', spanText(base));
  if (kinds.length > 0) parameters.set('kind', kinds.join(','));
  if (onlyFailed) parameters.set('failed', '1');
  if (text !== '') parameters.set('text', text);
  window.history.replaceState(null, '', `#${parameters.toString()}`);
}
