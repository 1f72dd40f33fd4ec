/**
 * The page in a frame of a page of ours that shows a host: it has no data of its own, and is told by messages of its
 * parent what to show, since it may load nothing itself. Anybody else's messages are not heard.
 */

import type { PageWindow } from '@waggle/text/page';
import type { Theme } from './colours.ts';

interface Message {
  readonly type: 'waggle:timeline';
  /** Handed over, which a browser does not have to copy. */
  readonly update: ArrayBuffer;
  readonly theme: Theme;
}

/** @param show called for one update after the other; of those that come meanwhile the last one counts */
export function listenToParent(
  window: PageWindow,
  show: (update: ArrayBuffer, theme: Theme) => Promise<void>,
): void {
  const { parent } = window;
  let waiting: Message | undefined;
  let isBusy = false;

  async function goOn(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting; next !== undefined; next = waiting) {
      waiting = undefined;
      await show(next.update, next.theme);
    }
    isBusy = false;
  }

  window.addEventListener('message', ({ source, data }) => {
    if (source !== parent) return;
    const message = data as Message;
    if (message.type !== 'waggle:timeline') return;
    waiting = message;
    void goOn();
  });
  parent.postMessage({ type: 'waggle:ready' }, '*');
}
