/**
 * Work that would take the whole of a frame, in parts with frames between them: meanwhile the page scrolls, draws and
 * answers keys.
 */

import type { PageWindow } from './dom.ts';

type Timing = Pick<PageWindow, 'performance' | 'setTimeout'>;

/** Of script in one frame, for work that can wait. */
const BUDGET_MS = 3;
/** At 60 a second. By a timer: a page that is not shown has no frames, and goes on. */
const FRAME_MS = 17;

/** Asked again and again within such work: a promise of the next frame where this one has had enough. */
export type Pause = () => Promise<void> | undefined;

export function slices(window: Timing): Pause {
  let until = window.performance.now() + BUDGET_MS;
  return () => {
    if (window.performance.now() < until) return undefined;
    return nextFrame(window).then(() => {
      until = window.performance.now() + BUDGET_MS;
    });
  };
}

export function nextFrame(window: Timing): Promise<void> {
  return new Promise((resolve) => {
    window.setTimeout(resolve, FRAME_MS);
  });
}
