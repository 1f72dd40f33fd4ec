/**
 * The page in a frame of a page of ours that shows a host live: its parent brings it up to date by messages, since
 * it may load nothing itself. Anybody else's messages are not heard.
 */

import type { PageElement, PageWindow } from '@waggle/text/page';
import { withLocalTime } from '@waggle/text/page/local-time';
import type { PageUpdate } from '../page-data.ts';
import { columnsOf, inflate } from './tree-columns.ts';
import type { runPage } from './viewer.ts';

/** Whole, or its JSON: as text, or as bytes that are handed over, which a browser does not have to copy. */
type Update = PageUpdate | string | ArrayBuffer;

type Message =
  | { readonly type: 'waggle:profile'; readonly update: Update }
  | { readonly type: 'waggle:theme'; readonly theme: 'light' | 'dark' };

/** At 60 a second. */
const FRAME_MS = 17;

export function listenToParent(window: PageWindow, page: ReturnType<typeof runPage>): void {
  const { document, parent } = window;
  if ((parent as unknown) === window) return;
  // The choice of the page around it.
  const theme = document.getElementById('theme');
  if (theme !== null) theme.hidden = true;

  // As all times of the page around it.
  for (const value of document.getElementById('facts')?.querySelectorAll('dd') ?? []) {
    const local = withLocalTime(value.textContent ?? '');
    if (local === value.textContent) continue;
    value.textContent = local;
    value.setAttribute('title', local);
  }

  function showFacts({ facts, shares }: PageUpdate): void {
    const entry = (name: string, text: string): PageElement => {
      const made = document.createElement(name);
      made.textContent = text;
      return made;
    };
    document.getElementById('facts')?.replaceChildren(
      ...facts.map(({ name, value, className = '' }) => {
        const group = entry('div', '');
        group.className = className;
        group.append(entry('dt', name), entry('dd', withLocalTime(value)));
        return group;
      }),
    );
    for (const { kind, share } of shares) {
      const shown = document.getElementById(`share-${kind}`);
      if (shown !== null) shown.textContent = `${kind} ${share}`;
    }
  }

  /** By a timer: in a frame that is not shown there are no others, and its parent waits. */
  const nextFrame = () =>
    new Promise<void>((resolve) => {
      window.setTimeout(resolve, FRAME_MS);
    });

  async function read(given: Update): Promise<PageUpdate> {
    if (typeof given === 'string') return JSON.parse(given) as PageUpdate;
    if (!(given instanceof ArrayBuffer)) return given;
    const text = new TextDecoder().decode(given);
    await nextFrame();
    return JSON.parse(text) as PageUpdate;
  }

  async function show(given: Update): Promise<void> {
    const update = await read(given);
    if (update.data === undefined) return;
    await nextFrame();
    const columns = columnsOf(await inflate(update.data.columns));
    await nextFrame();
    await page.update(update.data, columns, nextFrame);
    showFacts(update);
  }

  let last = Promise.resolve();

  window.addEventListener('message', ({ source, data }) => {
    if (source !== parent) return;
    const message = data as Message;
    if (message.type === 'waggle:profile')
      last = last
        .catch(() => {})
        .then(() => show(message.update))
        .finally(() => parent.postMessage({ type: 'waggle:shown' }, '*'));
    else if (message.type === 'waggle:theme') page.setTheme(message.theme);
  });
  parent.postMessage({ type: 'waggle:ready' }, '*');
}
