/**
 * The part of the browser that pages' scripts use, as structural types, because packages are compiled for
 * Bun, Deno and Node, whose type libraries have no DOM. Pictures have a smaller one, over which tests can
 * put a document of their own.
 */

export interface PageEvent {
  readonly target: unknown;
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly clientX: number;
  readonly clientY: number;
  readonly pointerId: number;
  readonly button: number;
  readonly buttons: number;
  /** Of wheel events. */
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  /** Clicks in a row, of mouse events. */
  readonly detail: number;
  /** Of messages: who sent it, and what. */
  readonly source?: unknown;
  readonly data?: unknown;
  preventDefault(): void;
}

interface PageRectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PageElement {
  textContent: string | null;
  hidden: boolean;
  className: string;
  scrollTop: number;
  id: string;
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly offsetWidth: number;
  readonly offsetHeight: number;
  /** Style attributes are refused by the page's own policy; properties are not. */
  readonly style: { setProperty(name: string, value: string): void };
  readonly dataset: Record<string, string | undefined>;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: PageElement[]): void;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getBoundingClientRect(): PageRectangle;
  closest(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  contains(other: unknown): boolean;
  focus(options?: { preventScroll?: boolean }): void;
  setPointerCapture(pointerId: number): void;
  addEventListener(
    type: string,
    listener: (event: PageEvent) => void,
    options?: { passive: boolean },
  ): void;
}

export interface PageInput extends PageElement {
  value: string;
  select(): void;
}

interface Pencil {
  fillStyle: string;
  strokeStyle: string;
  globalAlpha: number;
  lineWidth: number;
  font: string;
  textBaseline: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  fill(): void;
}

export interface PageCanvas extends PageElement {
  width: number;
  height: number;
  getContext(kind: '2d'): Pencil;
}

interface PageDocument {
  readonly documentElement: PageElement;
  readonly activeElement: unknown;
  getElementById(id: string): PageElement | null;
  createElement(name: string): PageElement;
}

interface Parameters {
  get(name: string): string | null;
  set(name: string, value: string): void;
  toString(): string;
}

interface MediaQuery {
  readonly matches: boolean;
  addEventListener(type: 'change', listener: () => void): void;
}

interface Readable {
  pipeThrough(through: unknown): Readable;
}

export interface PageWindow {
  readonly document: PageDocument;
  /** Itself where it is in no frame. */
  readonly parent: { postMessage(message: unknown, origin: string): void };
  readonly innerWidth: number;
  readonly innerHeight: number;
  readonly devicePixelRatio: number;
  readonly location: { readonly hash: string };
  readonly history: {
    pushState(data: unknown, unused: string, url: string): void;
    replaceState(data: unknown, unused: string, url: string): void;
  };
  readonly performance: { now(): number };
  readonly URLSearchParams: new (text?: string) => Parameters;
  readonly navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };
  readonly Blob: new (parts: Uint8Array[]) => { stream(): Readable };
  readonly DecompressionStream: new (format: 'gzip') => unknown;
  readonly Response: new (
    body: Readable,
  ) => {
    text(): Promise<string>;
    arrayBuffer(): Promise<ArrayBuffer>;
  };
  atob(text: string): string;
  readonly ResizeObserver: new (changed: () => void) => { observe(element: PageElement): void };
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  requestAnimationFrame(callback: () => void): number;
  setTimeout(callback: () => void, ms: number): number;
  matchMedia(query: string): MediaQuery;
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
}
