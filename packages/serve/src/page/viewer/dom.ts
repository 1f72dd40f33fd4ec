/**
 * The part of the browser that the page's script uses beyond what all pages do (@waggle/text/page), as structural
 * types, because the package is compiled for Bun, whose type libraries have no DOM.
 */

import type * as page from '@waggle/text/page';

export interface PageElement extends page.PageElement {
  remove(): void;
  closest(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

export interface PageInput extends PageElement {
  value: string;
  checked: boolean;
}

export interface PageDialog extends PageElement {
  readonly open: boolean;
  showModal(): void;
  close(): void;
}

export interface PageFrame extends PageElement {
  src: string;
  readonly contentWindow: {
    postMessage(message: unknown, origin: string, transferred?: readonly ArrayBuffer[]): void;
  } | null;
}

type Pencil = ReturnType<page.PageCanvas['getContext']> & { closePath(): void; stroke(): void };

export interface PageCanvas extends PageElement {
  width: number;
  height: number;
  getContext(kind: '2d'): Pencil;
}

export interface PageSocket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: string, listener: (event: { readonly data: unknown }) => void): void;
}

interface PageResponse {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

type Shared = Pick<
  page.PageWindow,
  | 'addEventListener'
  | 'devicePixelRatio'
  | 'matchMedia'
  | 'navigator'
  | 'performance'
  | 'requestAnimationFrame'
  | 'ResizeObserver'
  | 'URLSearchParams'
>;

export interface PageWindow extends Shared {
  readonly document: {
    readonly documentElement: PageElement;
    readonly activeElement: unknown;
    readonly hidden: boolean;
    title: string;
    getElementById(id: string): PageElement | null;
    createElement(name: string): PageElement;
    addEventListener(type: string, listener: () => void): void;
  };
  readonly location: {
    hash: string;
    readonly href: string;
    readonly host: string;
    readonly protocol: string;
  };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  readonly WebSocket: new (url: string) => PageSocket;
  fetch(
    url: string,
    options?: { method?: string; headers?: Record<string, string>; cache?: string },
  ): Promise<PageResponse>;
  setTimeout(callback: () => void, ms: number): number;
  clearTimeout(timer: number): void;
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
}

/** The element of that id, which the document has. */
export function finder(window: PageWindow) {
  return <Element extends PageElement = PageElement>(id: string): Element =>
    window.document.getElementById(id) as Element;
}
