/** What stands above the strip: what of a host the span is of, CPU, executions, what was lost, and what is no longer kept. */

import { zoneText } from '@waggle/text/page/local-time';
import { finder, type PageWindow } from './dom.ts';
import type { LookedAt } from './looked-at.ts';
import type { createOverview } from './overview.ts';
import type { ScopedProcess, State } from './state.ts';
import { clockText, countText, durationText, safeText, spanText } from './texts.ts';

export interface Captions {
  show(): void;
}

/** The strip and the server round to seconds. */
const ROUNDED_MS = 1500;

export function createCaptions(
  window: PageWindow,
  state: State,
  lookedAt: LookedAt,
  overview: ReturnType<typeof createOverview>,
  nameOf: (process: ScopedProcess) => string | undefined,
): Captions {
  const find = finder(window);
  const { now, span, isFollowing } = lookedAt;

  /** A status that is said anew each second would be read anew each second. */
  function say(id: string, text: string): void {
    if (find(id).textContent !== text) find(id).textContent = text;
  }

  function newest() {
    const [, cpuMs] = overview.latest(lookedAt.sampledUntil) ?? [];
    const [, , execs] = overview.latest(now()) ?? [];
    return { cpuMs, execs: execs ?? 0 };
  }

  function lossText(): string {
    const { missed, lostEvents, lostSamples } = overview.mean(span());
    const losses: string[] = [];
    if (lostEvents > 0) losses.push(`${countText(lostEvents)} events lost`);
    if (lostSamples > 0) losses.push(`${countText(lostSamples)} samples lost`);
    if (losses.length > 0) losses.push(`${losses.pop()} in this span`);
    const elsewhere = lookedAt.lostEvents - lostEvents;
    if (elsewhere > 0) losses.push(`${countText(elsewhere)} events lost at other times`);
    if (missed > 0) losses.push(`nobody looked for ${durationText(missed)}`);
    return losses.join(', ');
  }

  function keptText(): string {
    if (isFollowing() || lookedAt.hello === undefined) return '';
    const { from, to } = span();
    const kept = lookedAt.whole();
    if (!lookedAt.isKept({ from, to })) return 'no longer kept';
    return from < kept.from - ROUNDED_MS ? `truncated: kept from ${clockText(kept.from)} on` : '';
  }

  return {
    show() {
      const looked = span();
      const length = durationText(Math.round((looked.to - looked.from) / 100) * 100);
      const text = isFollowing() ? `live, the last ${length}` : `${spanText(looked)}, ${length}`;
      const scoped = state.scope;
      const name = scoped && safeText(nameOf(scoped) ?? '');
      const ofWhom = scoped === undefined ? '' : ` \u00b7 ${name} ${scoped.pid} and below`;
      say('span-text', text + ofWhom);
      say('zone', zoneText(looked.to));
      const { cpuMs, execs } = isFollowing() ? newest() : overview.mean(looked);
      const cpus = Math.max(1, lookedAt.hello?.cpus ?? 1);
      // Processes in the list are shares of one.
      if (typeof cpuMs === 'number')
        say(
          'cpu-now',
          `CPU ${((cpuMs / 1000 / cpus) * 100).toFixed(0)} % of ${cpus === 1 ? 'one' : `${cpus} CPUs`}`,
        );
      say('activity-now', `${countText(execs)} execs/s`);
      say('loss', lossText());
      say('kept', keptText());
    },
  };
}
