/**
 * The part of the browser's DOM that the viewer uses, as structural types. Spelled out because the
 * package is compiled for Bun, Deno and Node, whose type libraries have no DOM, and so that a test
 * can drive the viewer over a small document of its own.
 */

export interface DomEvent {
  readonly type: string;
  readonly target: unknown;
  /** Keyboard events only. */
  readonly key?: string;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
  readonly altKey?: boolean;
  preventDefault(): void;
}

export interface DomElement {
  textContent: string | null;
  readonly children: ArrayLike<DomElement>;
  readonly clientWidth: number;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  append(...children: DomElement[]): void;
  remove(): void;
  getElementsByClassName(names: string): ArrayLike<DomElement>;
  addEventListener(type: string, listener: (event: DomEvent) => void): void;
  focus(options?: { preventScroll?: boolean }): void;
}

export interface DomInput extends DomElement {
  value: string;
  select(): void;
}

/** Only elements that render text have it, and only in a document that is displayed. */
export interface DomText extends DomElement {
  getComputedTextLength?(): number;
}

export interface DomDocument {
  readonly documentElement: DomElement;
  readonly activeElement: unknown;
  createElementNS(namespace: string, name: string): DomElement;
}

interface DomParameters {
  get(name: string): string | null;
  set(name: string, value: string): void;
  toString(): string;
}

export interface DomWindow {
  readonly URLSearchParams: new (text?: string) => DomParameters;
  readonly document: DomDocument;
  readonly innerHeight: number;
  readonly scrollY: number;
  readonly location: { readonly hash: string };
  readonly history: {
    pushState(data: unknown, unused: string, url: string): void;
    replaceState(data: unknown, unused: string, url: string): void;
  };
  addEventListener(type: string, listener: (event: DomEvent) => void): void;
  requestAnimationFrame(callback: () => void): number;
  scrollTo(x: number, y: number): void;
}
