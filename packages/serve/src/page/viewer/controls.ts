/** What clicks and keys do. */

import { finder, type PageInput, type PageWindow } from './dom.ts';
import { VIEWS, type View } from './state.ts';

export interface Actions {
  goLive(): void;
  pause(): void;
  toggleComparison(): void;
  unscope(): void;
  /** Of a recording: the strip shows the span alone, or all of it. */
  zoomToSpan(): void;
  zoomOut(): void;
  /** Of a recording: what happened at that moment. In ms since 1970. */
  goTo(moment: number): void;
  setView(view: View): void;
  /** Of what is followed: the last so many seconds. */
  setWindow(seconds: number): void;
  /** To the filter of the events. */
  search(): void;
  showDownloads(): void;
  /** Has the address say what is shown. */
  remember(): void;
}

export function connectControls(window: PageWindow, actions: Actions): void {
  const find = finder(window);

  async function copyLink(): Promise<void> {
    actions.remember();
    const button = find('link');
    try {
      await window.navigator.clipboard?.writeText(window.location.href);
      button.textContent =
        window.navigator.clipboard === undefined ? 'It is in the address bar' : 'Copied';
    } catch {
      button.textContent = 'It is in the address bar';
    }
    window.setTimeout(() => {
      button.textContent = 'Copy link';
    }, 2000);
  }

  const clicks: Record<string, () => void> = {
    live: () => actions.goLive(),
    pause: () => actions.pause(),
    link: () => void copyLink(),
    'compare-with': () => actions.toggleComparison(),
    unscope: () => actions.unscope(),
    'zoom-in': () => actions.zoomToSpan(),
    'zoom-out': () => actions.zoomOut(),
  };
  for (const [id, act] of Object.entries(clicks)) find(id).addEventListener('click', act);
  for (const view of VIEWS) {
    find(`tab-${view}`).addEventListener('click', () => actions.setView(view));
    find(`tab-${view}`).addEventListener('keydown', (event) => {
      const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const next = VIEWS[(VIEWS.indexOf(view) + by + VIEWS.length) % VIEWS.length];
      if (by === 0 || next === undefined) return;
      actions.setView(next);
      find(`tab-${next}`).focus();
      event.preventDefault();
    });
  }
  find('window').addEventListener('change', () =>
    actions.setWindow(Number(find<PageInput>('window').value)),
  );
  find('moment').addEventListener('change', () => {
    // Local time, as people say it.
    const moment = new Date(find<PageInput>('moment').value).getTime();
    if (!Number.isNaN(moment)) actions.goTo(moment);
  });
  find('download').addEventListener('toggle', () => actions.showDownloads());
  window.addEventListener('keydown', (event) => {
    const target = event.target as { readonly closest?: (selector: string) => unknown } | null;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target?.closest?.('input,select,dialog')) return;
    // It presses what has the focus.
    if (event.key === ' ' && target?.closest?.('button,summary,a')) return;
    const view = VIEWS[Number(event.key) - 1];
    if (view !== undefined) actions.setView(view);
    else if (event.key === 'l') actions.goLive();
    else if (event.key === ' ') actions.pause();
    else if (event.key === 'z') actions.zoomToSpan();
    else if (event.key === 'a') actions.zoomOut();
    else if (event.key === 'b') actions.toggleComparison();
    else if (event.key === '/') actions.search();
    else return;
    event.preventDefault();
  });
}
