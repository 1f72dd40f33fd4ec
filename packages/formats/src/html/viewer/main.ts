/**
 * Where the page's script begins. scripts/embed-viewers.ts bundles it, with all that it imports, to one
 * text, which the encoder writes into the page. It holds nothing of the profile, so no name can break
 * out of it: the data stand beside it, in a script element of another type.
 */

import type { PageElement, PageWindow } from '@waggle/text/page';
import type { PageData } from '../page-data.ts';
import { listenToParent } from './frame.ts';
import { columnsOf, inflate } from './tree-columns.ts';
import { runPage } from './viewer.ts';

declare const window: PageWindow;

const find = (id: string): PageElement => window.document.getElementById(id) as PageElement;

async function start(): Promise<void> {
  const data = JSON.parse(find('data').textContent ?? '') as PageData;
  listenToParent(window, runPage(window, data, columnsOf(await inflate(data.columns))));
}

start().catch((error: unknown) => {
  find('status').textContent =
    `This page could not be shown (a browser of 2023 or newer is needed): ${error}`;
  throw error;
});
