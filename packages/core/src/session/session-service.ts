/** The session as its plugins see it. */

import type { EventTotals } from '@waggle/events';
import type { RateLimit } from '@waggle/kernel';
import { defineService } from '../plugin/service.ts';
import type { CollectionKind } from './collection-cycle.ts';
import type { SessionTarget } from './session-target.ts';

/** What plugins can do with their session: the built-in service `session`. */
export interface SessionControl {
  /** Ends the session gracefully: everything that the kernel has by now is still delivered. */
  stop(): void;
  setLifecycleTracking(on: boolean): void;
  /** Another target from now on. @throws NoSuchProcess, BadCgroup, BadOption */
  setTarget(target: SessionTarget): void;
  /** Another limit from now on, or none. @throws BadOption when it lets nothing through */
  setRateLimit(rateLimit: RateLimit | undefined): void;
  /**
   * Starts a new cycle: what had ended in the last one, or before that moment (Date.now()), may be
   * forgotten.
   */
  evictPendingExits(endedBefore?: number): void;
  /**
   * Takes in every event that the kernel has made by now, so that the process of a sample that was
   * just collected is known. Does nothing before the first event is read, or after the last.
   */
  catchUp(): void;
  /**
   * Runs a collection of the profiler as a cycle: what had ended before the last one of its kind
   * began is forgotten first, and who was sampled is known when it has returned, and until the next.
   */
  collection<T>(kinds: readonly CollectionKind[], gather: () => Promise<T>): Promise<T>;
  totals(): EventTotals;
}

export const SessionService = defineService<SessionControl>()('session');
