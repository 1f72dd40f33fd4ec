/** What every answer is made with. */

import type { AnswerCache } from '../answers/answer-cache.ts';
import type { Places } from '../answers/limits.ts';
import type { Cycles } from '../cycles.ts';
import type { HostMetrics } from '../metrics/host-metrics.ts';
import type { LiveStore } from '../store/live-store.ts';
import type { Bell } from './events-stream.ts';
import type { LivePages } from './live-pages.ts';

export interface Api {
  readonly store: LiveStore;
  readonly cycles: Pick<Cycles, 'now'>;
  readonly metrics: HostMetrics;
  readonly bell: Bell;
  readonly pages: LivePages;
  readonly answers: AnswerCache;
  /** Of answers that are computed. */
  readonly computing: Places;
  readonly streams: Places;
  /** Profiles that somebody waits for while they are sampled. */
  readonly waiting: Places;
  readonly version: string;
  /** Another one after each start: numbers of events and processes are of one run. */
  readonly run: string;
  readonly cpus: number;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
}

export interface Ask {
  readonly request: Request;
  readonly url: URL;
  readonly now: number;
  /** No limit of time for this answer, which takes as long as it was asked to. */
  keepOpen(): void;
  /** Aborts when the client goes, or the server ends. */
  readonly gone: AbortSignal;
}

export type Handler = (api: Api, ask: Ask) => Response | Promise<Response>;
