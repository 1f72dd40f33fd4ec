/**
 * What the HTTP API asks of a host, whoever keeps it: the memory of a session that goes on, or a store that an agent
 * wrote. What takes long to read is a promise.
 */

import type { Profile } from '@waggle/formats';
import type { ActivitySecond } from './activity.ts';
import type { EventLine } from './event-lines.ts';
import type { Span } from './span.ts';

/** Whose data is asked for: all without it. */
export interface Scope {
  /** In words. */
  readonly target: string;
  /** By the number of a process. */
  has(process: number): boolean;
  /** By what it is called in events: its pid, and its start. */
  hasEvent(pid: number, startTime: string): boolean;
}

/** A process of a span. */
export interface ShownProcess {
  readonly number: number;
  /** The number of its parent; 0 where nobody knows it. */
  readonly parent: number;
  readonly pid: number;
  /** As events have it. */
  readonly startTime: string;
  readonly ppid: number;
  readonly comm: string;
  readonly argv: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly containerId: string | undefined;
  readonly kernelThread: boolean;
  /** Milliseconds since 1970. */
  readonly bornAt: number;
  readonly end:
    | {
        readonly at: number;
        /** Undefined where nobody saw its end. */
        readonly exitCode: number | undefined;
        readonly signal: string | null;
      }
    | undefined;
  readonly execs: number;
  /** Ended descendants that are not told of. */
  readonly forgottenBelow: number;
  /** In the span. */
  readonly samples: number;
}

export interface ShownProcesses {
  /** Of the span, and not among those shown. */
  readonly leftOut: number;
  readonly shown: readonly ShownProcess[];
}

/** When nobody looked, and why. */
export interface Gap extends Span {
  readonly reason: string;
}

export interface KeptActivity {
  /** Each row is of so many seconds. */
  readonly step: number;
  readonly seconds: readonly ActivitySecond[];
  readonly gaps: readonly Gap[];
}

/** What a page has to know of what is kept, in milliseconds since 1970. */
export interface KeptStatus {
  readonly keepMs: number;
  /** Nothing is kept of what was before. */
  readonly oldest: number;
  /** Until when samples are there. */
  readonly sampledUntil: number | null;
  readonly oldestEvent: number | null;
  /** The number of the newest. */
  readonly events: number;
  readonly lostEvents: number;
  /** That run. */
  readonly processes: number;
}

export interface KeptHost {
  readonly host: string;
  /** What of it is shown, in words; undefined for all of it. */
  readonly target?: string | undefined;
  /** Samples a second on each CPU. */
  readonly frequencyHz: number;
  /** Whole arguments are shown. */
  readonly reveal: boolean;
  /** It is over: nothing comes, and moments are counted from its end. */
  readonly isRecorded: boolean;
  /** The newest moment that there is. */
  until(now: number): number;
  /** Nothing is kept of what was before. */
  from(now: number): number;
  status(now: number): KeptStatus;
  /** The newest first. */
  eventsOf(span: Span): Iterable<EventLine>;
  /**
   * A process with its descendants, those that are born later too.
   *
   * @param start as events have it; without it, the latest owner of the pid
   * @returns undefined where nobody knows it
   */
  scopeOf(pid: number, start: string | undefined, span: Span): Scope | undefined;
  activityIn(span: Span, scope?: Scope): KeptActivity | Promise<KeptActivity>;
  /** @param limit of those shown: who has samples, then who runs, then who ended last */
  processesIn(
    span: Span,
    scope: Scope | undefined,
    limit: number,
  ): ShownProcesses | Promise<ShownProcesses>;
  /** The samples of a span as a profile. */
  profile(span: Span, scope?: Scope): Profile | Promise<Profile>;
}
