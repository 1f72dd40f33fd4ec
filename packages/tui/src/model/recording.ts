/**
 * What was recorded of a host, as a replay asks for it. All times are in milliseconds since 1970.
 */

import type { ProcessEvent } from '@waggle/core';
import type { Profile } from '@waggle/formats';

/** Samples of a second or so, the pid as the first frame of each stack. */
export interface RecordedSamples {
  readonly until: number;
  readonly profile: Profile;
}

/** Nobody looked. */
export interface RecordedGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** `procfs` and `describe` of the view's options tell of the moment that `startAt` or `goTo` was called with last. */
export interface Recording {
  /** Its first and its last moment: an agent may go on with it. Undefined while there is nothing. */
  readonly kept: { readonly from: number; readonly to: number } | undefined;
  /** From when on a replay is to begin that shows this moment: so much before, or less where too much happened. */
  beginFor(at: number, beforeMs: number): number;
  /** From there on everything is told anew. */
  startAt(at: number): void;
  /** A later moment than the last; what happened until then has been asked for. */
  goTo(at: number): void;
  /** Later than `from`, until `to` with it; in their order. */
  events(from: number, to: number): readonly ProcessEvent[];
  /** Whose end is later than `from`, until `to` with it; in their order. */
  samples(from: number, to: number): readonly RecordedSamples[];
  /** That lie at least in part between them. */
  gaps(from: number, to: number): readonly RecordedGap[];
  /** A moment as a person writes it: `03:17`, `5m` (ago); undefined for what is none. */
  momentOf(text: string): number | undefined;
  /** An error of reading it, in words: the replay goes on without what could not be read. Undefined for one that ends it. */
  wordsOf?(error: unknown): string | undefined;
  /** What has become of it meanwhile, in a few words: `deleted`. Undefined while it is as it was. */
  readonly fate?: string | undefined;
}
