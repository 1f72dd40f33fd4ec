/**
 * What waggle does, told to whoever looks into it: four channels of Node's diagnostics_channel, which
 * cost one look while nobody subscribes. @waggle/core writes them to stderr under WAGGLE_LOG=debug;
 * any program can subscribe by itself. @waggle/cache, which needs no other package, publishes to
 * `waggle:evicted` in the same form.
 */

import { type Channel, channel } from 'node:diagnostics_channel';

export type LogAction = 'loaded' | 'attached' | 'refused' | 'evicted';

/** One thing that was done. Never holds arguments or environments of a process. */
export interface LogEntry {
  /** A kind of thing, as `program`, `process` or `unwind table`. */
  readonly what: string;
  readonly name: string;
  /** What else is known of it: why, how many, how long in ms. */
  readonly [detail: string]: string | number | undefined;
}

/** By `waggle:` and the action. */
export const LOG_CHANNELS: Readonly<Record<LogAction, Channel>> = {
  loaded: channel('waggle:loaded'),
  attached: channel('waggle:attached'),
  refused: channel('waggle:refused'),
  evicted: channel('waggle:evicted'),
};

/** Calls `entry` only where somebody listens. */
export function log(action: LogAction, entry: () => LogEntry): void {
  const to = LOG_CHANNELS[action];
  if (to.hasSubscribers) to.publish(entry());
}
