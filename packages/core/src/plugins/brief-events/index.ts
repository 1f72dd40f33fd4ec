/**
 * For plugins that see every event and decode few, as a live view does: they get events a batch at a time, and make an
 * object of those that they want.
 */

import { EventBatch } from '@waggle/events';
import type { EventKind } from '@waggle/kernel';
import { withRecordHandlers } from '../../dispatch/record-handlers.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { BriefEvents } from './brief-events.ts';

export { BriefEvents, type ProcessEnd } from './brief-events.ts';
export { EventBytes } from './event-bytes.ts';
export { HeldEvents } from './held-events.ts';

export interface BriefEventsOptions {
  /** Of the plugin. Default `brief-events`. */
  readonly name?: string | undefined;
  /** Kinds that the kernel is to tell of. Others may be among them, where other plugins ask for those. */
  readonly events: readonly EventKind[];
  /** Gets what came, in its order. What it keeps of it has to be copied before it returns. */
  readonly observe: (events: BriefEvents) => void;
}

/**
 * Events in brief.
 *
 * - Needs: the kinds of events that it is asked for.
 * - Provides: nothing.
 * - Costs: what `observe` does. An event that nobody makes an object of is never one.
 *
 * ```ts
 * import { createAgent } from '@waggle/core';
 * import { briefEvents } from '@waggle/core/plugins/brief-events';
 *
 * let failed = 0;
 * const failures = briefEvents({
 *   events: ['exit'],
 *   observe(events) {
 *     for (let index = 0; index < events.length; index++)
 *       if (events.kindAt(index) === 'exit' && events.endAt(index).exitCode !== 0) failed++;
 *   },
 * });
 * await using agent = await createAgent({ plugins: [failures] });
 * setTimeout(() => agent.stop(), 5000);
 * await agent.finished;
 * console.log(`${failed} processes failed`);
 * ```
 */
export const briefEvents = ({ name = 'brief-events', events, observe }: BriefEventsOptions) =>
  definePlugin({
    name,
    kernel: { events },
    setup: () =>
      withRecordHandlers(
        { observeBatch: (made) => observe(new BriefEvents(EventBatch.of(made))) },
        { observe: (batch, from) => observe(new BriefEvents(batch, from)) },
      ),
  });
