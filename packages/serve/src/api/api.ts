/** What every answer is made with. */

import type { AnswerCache } from '../answers/answer-cache.ts';
import type { Places } from '../answers/limits.ts';
import { notFound, type Problem } from '../answers/problem.ts';
import type { Cycles } from '../cycles.ts';
import type { HostMetrics } from '../metrics/host-metrics.ts';
import type { KeptHost } from '../store/kept-host.ts';
import type { LiveStore } from '../store/live-store.ts';
import type { Bell } from './events-stream.ts';
import type { Pages } from './pages.ts';

export interface Api {
  readonly store: KeptHost;
  /** Undefined where what is shown is over. */
  readonly live: LiveSide | undefined;
  readonly pages: Pages;
  readonly answers: AnswerCache;
  /** Of answers that are computed. */
  readonly computing: Places;
  /** Of files of events that are written. */
  readonly writing: Places;
  readonly version: string;
  /** Another one after each start: numbers of events and processes are of one run. */
  readonly run: string;
  readonly cpus: number;
  /** What went wrong with what is served, and is no mistake of waggle; undefined for everything else. */
  explain(error: unknown): Problem | undefined;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
}

/** What only a host that goes on has. */
export interface LiveSide {
  readonly store: LiveStore;
  readonly cycles: Pick<Cycles, 'now'>;
  readonly metrics: HostMetrics;
  readonly bell: Bell;
  readonly streams: Places;
  /** Profiles that somebody waits for while they are sampled. */
  readonly waiting: Places;
}

/** @throws Problem 404 where nothing is to come */
export function liveOf({ live }: Api): LiveSide {
  if (live === undefined)
    throw notFound(
      'not-live',
      'What is served here is a recording, and nothing comes any more: ask /api/profile, /api/events and /api/processes with from and to. /api/status says what there is.',
    );
  return live;
}

export interface Ask {
  readonly request: Request;
  readonly url: URL;
  readonly now: number;
  /** Whose it is, for limits that are of each client. */
  readonly client: string;
  /** No limit of time for this answer, which takes as long as it was asked to. */
  keepOpen(): void;
  /** Aborts when the client goes, or the server ends. */
  readonly gone: AbortSignal;
}

export type Handler = (api: Api, ask: Ask) => Response | Promise<Response>;
