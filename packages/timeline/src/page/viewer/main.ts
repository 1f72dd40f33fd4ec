/**
 * Where the page's script begins: its data stand beside it in the document, or come from the page in whose frame it is.
 */

import type { PageElement, PageWindow } from '@waggle/text/page';
import { withLocalTime } from '@waggle/text/page/local-time';
import { nextFrame, slices } from '@waggle/text/page/slices';
import type { PageAbout } from '../page-data.ts';
import type { Theme } from './colours.ts';
import { listenToParent } from './frame.ts';
import { createPage, type TimelinePage } from './page.ts';
import { bytesOfText, readPage } from './read-page.ts';
import { timelineOf } from './timeline.ts';

declare const window: PageWindow;

const { document } = window;
const find = (id: string): PageElement | null => document.getElementById(id);
const root = document.documentElement;
let page: TimelinePage | undefined;
/** What the page around this one was at last. */
let told: Theme | undefined;

async function show(bytes: ArrayBuffer, theme?: Theme): Promise<void> {
  const pause = slices(window);
  const { data, about } = await readPage(bytes, pause);
  if (theme !== told && theme !== undefined) {
    told = theme;
    root.dataset.theme = theme;
    page?.setTheme(theme);
  }
  if (about !== undefined) showAbout(about);
  if (about?.isEmpty === true) {
    root.dataset.ready = '';
    return;
  }
  const timeline = await timelineOf(data, pause);
  await nextFrame(window);
  if (page === undefined) page = await createPage(window, timeline);
  else await page.take(timeline, pause);
}

/** What a page that is written with its data says in its HTML. */
function showAbout({ title, facts, isEmpty }: PageAbout): void {
  const heading = find('title');
  if (heading !== null && heading.textContent !== title) {
    heading.textContent = title;
    heading.setAttribute('title', title);
  }
  const element = (tag: string, text: string): PageElement => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };
  find('about')?.replaceChildren(
    ...facts.map(([name, value, isBad]) => {
      const fact = element('div', '');
      if (isBad === true) fact.className = 'bad';
      fact.append(element('dt', name), element('dd', withLocalTime(value)));
      return fact;
    }),
  );
  for (const id of ['toolbar', 'main', 'footer']) (find(id) as PageElement).hidden = isEmpty;
  (find('empty') as PageElement).hidden = !isEmpty;
}

function fail(error: unknown): void {
  const status = find('status');
  if (status !== null)
    status.textContent = `The data of this page cannot be read, it may be damaged: ${error}`;
  root.dataset.failed = '';
}

const holder = find('data');
if (holder === null) listenToParent(window, (update, theme) => show(update, theme).catch(fail));
else
  bytesOfText(window, holder.textContent ?? '', slices(window))
    .then((bytes) => show(bytes))
    .catch(fail);
