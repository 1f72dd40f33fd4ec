/** Light or dark: as the system is, or as somebody chose. */

import { finder, type PageWindow } from './dom.ts';

export interface Theme {
  readonly current: 'dark' | 'light';
  /** Says which it is, at first and after each change. */
  show(): void;
}

/** @param changed what else there is to do then. */
export function createTheme(window: PageWindow, changed: () => void): Theme {
  const find = finder(window);
  const darkness = window.matchMedia('(prefers-color-scheme: dark)');
  const root = window.document.documentElement;

  function current(): 'dark' | 'light' {
    const chosen = root.dataset.theme;
    return (chosen === undefined ? darkness.matches : chosen === 'dark') ? 'dark' : 'light';
  }

  function show(): void {
    find('theme').setAttribute('aria-pressed', String(current() === 'dark'));
    changed();
  }

  find('theme').addEventListener('click', () => {
    root.dataset.theme = current() === 'dark' ? 'light' : 'dark';
    show();
  });
  darkness.addEventListener('change', show);
  return {
    get current() {
      return current();
    },
    show,
  };
}
