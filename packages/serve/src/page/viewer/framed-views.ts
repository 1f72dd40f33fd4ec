/** The views that are pages of their own in a frame: flame graph, timeline, comparison. */

import type { PageWindow } from './dom.ts';
import { createFramedView } from './frames.ts';
import type { LookedAt } from './looked-at.ts';
import { baseQueryOf, type Query, type Server } from './server.ts';
import type { State } from './state.ts';

/** What ten thousand bars are put in order for follows more slowly. */
const TIMELINE_EVERY_MS = 5000;
/** The document of the timeline, which is told what it shows. */
const TIMELINE = 'timeline.html';
/** Of a flame graph with samples. In a JSON string each quote would have a backslash before it. */
const HAS_DATA = '"data":{';

export interface FramedViews {
  /**
   * The one that the state names.
   *
   * @param isChosen by a person, who waits.
   * @param isWanted asked once the answer is there: by then another may be.
   */
  show(query: Query, theme: string, isChosen: boolean, isWanted: () => boolean): Promise<void>;
  /** All of them are empty. @param why there is nothing to show */
  clear(why: string): void;
}

export function createFramedViews(
  window: PageWindow,
  server: Server,
  state: State,
  lookedAt: LookedAt,
): FramedViews {
  const flame = createFramedView(window, 'flame');
  const timeline = createFramedView(window, 'timeline');
  const compare = createFramedView(window, 'compare');
  /** Whose flame graph is in its frame, and in which theme. */
  let flameOf = '';
  let timelineAt = 0;

  async function showFlame(
    query: Query,
    theme: string,
    isChosen: boolean,
    isWanted: () => boolean,
  ): Promise<void> {
    // Bytes are handed over. Of text the frame, which is another process, takes a frame for each 100 KB to have it, and of
    // thousands of names as objects both of them longer than that.
    const update = await server.bytes('api/flame', query);
    if (!isWanted()) return;
    const subject = JSON.stringify([state.scope, theme]);
    if (!new TextDecoder().decode(update).includes(HAS_DATA)) {
      flame.clear();
      flame.say('No samples in this span: none of the processes shown used a CPU in it.');
    } else if (!isChosen && flameOf === subject && flame.isStarting()) {
      // Begun anew with each cycle it would never be drawn on a busy host; the next cycle has this one's samples too.
    } else if (flameOf !== subject || !flame.post({ type: 'waggle:profile', update }, [update])) {
      flameOf = subject;
      flame.show(server.url('api/profile', { ...query, format: 'html', theme }));
    }
  }

  async function showTimeline(
    query: Query,
    theme: string,
    isChosen: boolean,
    isWanted: () => boolean,
  ): Promise<void> {
    if (!isChosen && lookedAt.now() - timelineAt < TIMELINE_EVERY_MS) return;
    timelineAt = lookedAt.now();
    if (!timeline.isThere()) timeline.show(TIMELINE);
    const update = await server.bytes('api/timeline', { ...query, format: 'update' });
    if (isWanted()) timeline.tell({ type: 'waggle:timeline', update, theme }, [update]);
  }

  function showComparison(query: Query, theme: string, isChosen: boolean): void {
    if (state.base === undefined) {
      compare.clear();
      compare.say('Choose a span above, press "Compare with this span", and then choose another.');
    } else if (!lookedAt.isKept(state.base)) {
      compare.clear();
      compare.say(
        'The span to compare with is no longer kept: press "Compare with this span" to leave it, and choose another.',
      );
    } else if (isChosen) {
      compare.show(server.url('api/diff', { ...query, ...baseQueryOf(state.base), theme }));
    }
  }

  return {
    async show(query, theme, isChosen, isWanted) {
      if (state.view === 'flame') await showFlame(query, theme, isChosen, isWanted);
      else if (state.view === 'timeline') await showTimeline(query, theme, isChosen, isWanted);
      else if (state.view === 'compare') showComparison(query, theme, isChosen);
    },
    clear(why) {
      flameOf = '';
      for (const view of [flame, timeline, compare]) {
        view.clear();
        view.say(why);
      }
    },
  };
}
