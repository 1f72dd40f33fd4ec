/**
 * The toolbar and the keys that hold for the whole page: what of it asks for what.
 */

import type { PageElement, PageEvent, PageInput, PageWindow } from '@waggle/text/page';
import type { Side } from '../page-data.ts';

export interface ControlActions {
  search(text: string): void;
  /** To the next match, or the one before it. */
  step(by: 1 | -1): void;
  /** One step out of whatever is shown. */
  leave(): void;
  showAll(): void;
  showSandwich(isSandwich: boolean): void;
  sizeBy(side: Side): void;
  /** @param state its place in the page's list */
  toggleState(state: number): void;
  flip(): void;
  /** Dark and light are what the system prefers until the reader chooses. */
  setTheme(theme: 'light' | 'dark'): void;
}

export function createControls(window: PageWindow, actions: ControlActions) {
  const { document } = window;
  const find = (id: string): PageElement => document.getElementById(id) as PageElement;
  const input = find('search') as PageInput;
  const root = document.documentElement;
  const darkness = window.matchMedia('(prefers-color-scheme: dark)');

  function press(id: string, isPressed: boolean): void {
    find(id).setAttribute('aria-pressed', String(isPressed));
  }

  function showTheme(): void {
    const chosen = root.dataset.theme;
    const isDark = chosen === undefined ? darkness.matches : chosen === 'dark';
    press('theme', isDark);
    actions.setTheme(isDark ? 'dark' : 'light');
  }

  function onKey(event: PageEvent): void {
    const isTyping = document.activeElement === input;
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') {
      actions.leave();
      if (isTyping) find('graph-scroller').focus({ preventScroll: true });
    } else if (isTyping && event.key === 'Enter') actions.step(event.shiftKey ? -1 : 1);
    else if (!isTyping && event.key === (isCommand ? 'f' : '/')) {
      // The second Ctrl-F is the browser's own.
      input.focus({ preventScroll: true });
      input.select();
    } else if (!isTyping && !isCommand && !event.altKey && event.key === 'i') actions.flip();
    else return;
    event.preventDefault();
  }

  function toggleFunctions(): void {
    const isHidden = !find('functions').hidden;
    find('functions').hidden = isHidden;
    find('divider').hidden = isHidden;
    press('toggle-functions', !isHidden);
  }

  const clicks: Record<string, () => void> = {
    'show-graph': () => actions.showSandwich(false),
    'show-sandwich': () => actions.showSandwich(true),
    'size-by-after': () => actions.sizeBy('after'),
    'size-by-before': () => actions.sizeBy('before'),
    reset: () => actions.showAll(),
    flip: () => actions.flip(),
    'toggle-functions': toggleFunctions,
    theme: () => {
      root.dataset.theme = find('theme').getAttribute('aria-pressed') === 'true' ? 'light' : 'dark';
      showTheme();
    },
  };
  for (let state = 0; document.getElementById(`state-${state}`) !== null; state++)
    clicks[`state-${state}`] = () => actions.toggleState(state);
  // A page of one profile has no choice of size.
  for (const [id, act] of Object.entries(clicks)) {
    document.getElementById(id)?.addEventListener('click', act);
  }
  input.addEventListener('input', () => actions.search(input.value));
  window.addEventListener('keydown', onKey);
  darkness.addEventListener('change', showTheme);

  return {
    press,
    showTheme,
    setTheme(theme: 'light' | 'dark'): void {
      root.dataset.theme = theme;
      showTheme();
    },
    setQuery(text: string): void {
      input.value = text;
    },
    showZoomed(isZoomed: boolean): void {
      find('reset').setAttribute('aria-disabled', String(!isZoomed));
    },
  };
}
