/**
 * What waggle's own plugins may do in place of handlers of events: work on the bytes of records, so that
 * no object is made of an event that nobody else asks for. Not for plugins of others, whose contract are
 * events; beside these, each has the handlers that do the same with events.
 */

import type { EventBatch } from '@waggle/events';
import type { HandlerResult, PluginHandlers } from '../plugin/plugin.ts';

const RECORDS = Symbol('handlers of records');

export interface RecordHandlers {
  /** In place of `invalidate`, for what is no object (`batch.isMade`), of the kinds that it takes. Synchronous. */
  readonly invalidate?: (batch: EventBatch, index: number) => void;
  /** The same in place of `load`. */
  readonly load?: (batch: EventBatch, index: number) => void;
  /** In place of `observeBatch`, for all that is no record of a source, objects too. */
  readonly observe?: (batch: EventBatch, from: number) => HandlerResult;
}

export function withRecordHandlers<Handlers extends PluginHandlers>(
  handlers: Handlers,
  records: RecordHandlers,
): Handlers {
  return { ...handlers, [RECORDS]: records };
}

export function recordHandlersOf(handlers: PluginHandlers): RecordHandlers {
  return (handlers as { readonly [RECORDS]?: RecordHandlers })[RECORDS] ?? {};
}
