/**
 * A document just large enough to run the script of a flame graph without a browser: elements made
 * of parsed XML, events sent by the test, a window with a size, an address and a history.
 */
import type {
  DomDocument,
  DomElement,
  DomEvent,
  DomInput,
  DomWindow,
} from '../src/svg/viewer/dom.ts';
import type { XmlElement } from './strict-xml.ts';

type Listener = (event: DomEvent) => void;

export class SmallElement implements DomInput {
  children: SmallElement[] = [];
  parent: SmallElement | undefined;
  value = '';
  clientWidth = 0;
  readonly name: string;
  readonly #window: SmallWindow;
  readonly #attributes = new Map<string, string>();
  readonly #listeners = new Map<string, Listener[]>();
  #text = '';

  constructor(window: SmallWindow, name: string) {
    this.#window = window;
    this.name = name;
  }

  get textContent(): string {
    return this.#text + this.children.map((child) => child.textContent).join('');
  }

  set textContent(text: string) {
    this.children = [];
    this.#text = text;
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  append(...children: DomElement[]): void {
    for (const child of children as SmallElement[]) {
      child.remove();
      child.parent = this;
      this.children.push(child);
    }
  }

  remove(): void {
    if (this.parent === undefined) return;
    this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = undefined;
  }

  closest(name: string): SmallElement | undefined {
    return this.name === name ? this : this.parent?.closest(name);
  }

  getElementsByClassName(name: string): SmallElement[] {
    return this.children.flatMap((child) => [
      ...(child.getAttribute('class')?.split(' ').includes(name) ? [child] : []),
      ...child.getElementsByClassName(name),
    ]);
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** Runs the listeners of this element, of what it stands in and of the window, as events bubble. */
  dispatch(type: string, details: Partial<DomEvent> = {}): { prevented: boolean } {
    const outcome = { prevented: false };
    const event: DomEvent = {
      type,
      target: this,
      preventDefault: () => {
        outcome.prevented = true;
      },
      ...details,
    };
    for (let at: SmallElement | undefined = this; at !== undefined; at = at.parent) {
      for (const listener of at.#listeners.get(type) ?? []) listener(event);
    }
    this.#window.emit(type, event);
    return outcome;
  }

  focus(): void {
    this.#window.document.activeElement = this;
  }

  select(): void {}
}

interface SmallDocument extends DomDocument {
  documentElement: SmallElement;
  activeElement: unknown;
  currentScript: SmallElement | undefined;
}

export class SmallWindow implements DomWindow {
  readonly URLSearchParams = URLSearchParams;
  readonly document: SmallDocument;
  innerHeight = 600;
  scrollY = 0;
  readonly location = { hash: '' };
  /** Addresses pushed so far. */
  readonly visited: string[] = [];
  readonly history = {
    pushState: (_data: unknown, _unused: string, url: string): void => {
      this.visited.push(url);
      this.location.hash = url;
    },
    replaceState: (_data: unknown, _unused: string, url: string): void => {
      this.location.hash = url;
    },
  };
  readonly #listeners = new Map<string, Listener[]>();

  /** A window of `width` px with an SVG as its whole document; its script has not run yet. */
  constructor(svg: XmlElement, width: number, hash = '') {
    this.location.hash = hash;
    const documentElement = this.#build(svg);
    documentElement.clientWidth = width;
    this.document = {
      documentElement,
      activeElement: undefined,
      currentScript: undefined,
      createElementNS: (_namespace, name) => new SmallElement(this, name),
    };
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(type: string, event: DomEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  requestAnimationFrame(callback: () => void): number {
    callback();
    return 0;
  }

  scrollTo(_x: number, y: number): void {
    this.scrollY = y;
  }

  /** Runs the document's own script, with nothing in scope but what a browser would give it. */
  runScript(): void {
    const scripts: SmallElement[] = [];
    const collect = (element: SmallElement): void => {
      if (element.name === 'script') scripts.push(element);
      element.children.forEach(collect);
    };
    collect(this.document.documentElement);
    for (const script of scripts) {
      this.document.currentScript = script;
      new Function('window', 'document', script.textContent)(this, this.document);
    }
  }

  #build(source: XmlElement): SmallElement {
    const element = new SmallElement(this, source.name);
    for (const [name, value] of source.attributes) element.setAttribute(name, value);
    element.textContent = source.text;
    element.append(...source.children.map((child) => this.#build(child)));
    return element;
  }
}
