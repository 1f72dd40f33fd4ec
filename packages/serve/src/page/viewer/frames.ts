/**
 * A view that is a document of the server's in a frame: the pages that profiles and traces are written as. A frame
 * may run its own script and nothing else, and what comes takes the place of what is there once it is drawn.
 */

import { finder, type PageFrame, type PageWindow } from './dom.ts';

export interface FramedView {
  /** Shows a document. @param text what is said where there is none */
  show(url: string): void;
  say(text: string): void;
  /**
   * To the document that is shown, if it listens.
   *
   * @param handed bytes of the message that are the document's own from then on
   * @returns whether it does
   */
  post(message: unknown, handed: readonly ArrayBuffer[]): boolean;
  /** The same, now or once the document listens: of those that wait for that the last one counts. */
  tell(message: unknown, handed: readonly ArrayBuffer[]): void;
  /** A document is shown, or is about to be. */
  isThere(): boolean;
  setTheme(theme: 'dark' | 'light'): void;
  /** A document was shown a moment ago, and is not drawn yet. */
  isStarting(): boolean;
  clear(): void;
}

/** On a host that is busy. */
const MAX_START_MS = 10_000;

export function createFramedView(window: PageWindow, name: string): FramedView {
  const find = finder(window);
  const place = find(`${name}-frames`);
  const hint = find(`${name}-hint`);
  let shown: PageFrame | undefined;
  let coming: PageFrame | undefined;
  const listening = new Set<PageFrame>();
  let waiting: { readonly message: unknown; readonly handed: readonly ArrayBuffer[] } | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;

  function take(frame: PageFrame): void {
    if (coming !== frame) return;
    coming = undefined;
    frame.className = '';
    shown?.remove();
    if (shown !== undefined) listening.delete(shown);
    shown = frame;
    hint.textContent = '';
    tellWaiting();
  }

  function post(message: unknown, handed: readonly ArrayBuffer[]): boolean {
    if (shown === undefined || coming !== undefined || !listening.has(shown)) return false;
    shown.contentWindow?.postMessage(message, '*', handed);
    return true;
  }

  function tellWaiting(): void {
    if (waiting !== undefined && post(waiting.message, waiting.handed)) waiting = undefined;
  }

  window.addEventListener('message', ({ source, data }) => {
    const frame = [shown, coming].find(
      (each) => each !== undefined && each.contentWindow === source,
    );
    if (frame === undefined || (data as { type?: unknown } | null)?.type !== 'waggle:ready') return;
    listening.add(frame);
    tellWaiting();
  });

  return {
    show(url) {
      coming?.remove();
      startedAt = window.performance.now();
      const frame = window.document.createElement('iframe') as PageFrame;
      frame.setAttribute('sandbox', 'allow-scripts allow-downloads');
      frame.setAttribute('title', place.dataset.title ?? name);
      frame.className = shown === undefined ? '' : 'coming';
      coming = frame;
      frame.addEventListener('load', () => take(frame));
      frame.src = url;
      place.append(frame);
    },
    say(text) {
      if (hint.textContent !== text) hint.textContent = text;
    },
    post,
    tell(message, handed) {
      waiting = { message, handed };
      tellWaiting();
    },
    isThere: () => (coming ?? shown) !== undefined,
    isStarting() {
      const isReady = coming === undefined && shown !== undefined && listening.has(shown);
      return !isReady && window.performance.now() - startedAt < MAX_START_MS;
    },
    setTheme(theme) {
      for (const frame of listening)
        frame.contentWindow?.postMessage({ type: 'waggle:theme', theme }, '*');
    },
    clear() {
      for (const frame of [shown, coming]) frame?.remove();
      shown = undefined;
      coming = undefined;
      waiting = undefined;
      listening.clear();
    },
  };
}
