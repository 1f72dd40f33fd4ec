/**
 * What is shown, kept in the address (`#zoom=12&search=gc`), so that Back goes back and a link shows
 * what its sender saw.
 */

import type { PageWindow } from '@waggle/text/page';
import type { Side } from '../page-data.ts';

export interface Shown {
  /** The box that fills the view, by its number in the tree. */
  readonly zoom: number;
  readonly search: string;
  /** The selected symbol, -1 for none. */
  readonly symbol: number;
  readonly isSandwich: boolean;
  /** `undefined` for what the file asks for. */
  readonly sizeBy: Side | undefined;
  /** States of threads that are not shown, by their places in the page's list. */
  readonly hidden: readonly number[];
}

export function createUrlState(window: PageWindow) {
  return {
    /** Numbers are at or above 0; whether there is such a box or symbol is for others to say. */
    read(): Shown {
      const parameters = new window.URLSearchParams(window.location.hash.slice(1));
      const numberOf = (name: string, otherwise: number): number => {
        const text = parameters.get(name) ?? '';
        return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
      };
      const size = parameters.get('size');
      return {
        zoom: numberOf('zoom', 0),
        search: parameters.get('search') ?? '',
        symbol: numberOf('function', -1),
        isSandwich: parameters.get('view') === 'sandwich',
        sizeBy: size === 'before' || size === 'after' ? size : undefined,
        hidden: (parameters.get('hide') ?? '').match(/\d/g)?.map(Number) ?? [],
      };
    },

    /** A new step is one that Back undoes. */
    write({ zoom, search, symbol, isSandwich, sizeBy, hidden }: Shown, isNewStep: boolean): void {
      const parameters = new window.URLSearchParams();
      if (zoom !== 0) parameters.set('zoom', String(zoom));
      if (search !== '') parameters.set('search', search);
      if (symbol >= 0) parameters.set('function', String(symbol));
      if (isSandwich) parameters.set('view', 'sandwich');
      if (sizeBy !== undefined) parameters.set('size', sizeBy);
      if (hidden.length > 0) parameters.set('hide', hidden.join('.'));
      const hash = `#${parameters.toString()}`;
      try {
        if (isNewStep) window.history.pushState(null, '', hash);
        else window.history.replaceState(null, '', hash);
      } catch {
        // Documents without an address of their own (data:, srcdoc) may refuse; the view is the same.
      }
    },
  };
}
