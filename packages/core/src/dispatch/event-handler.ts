/**
 * A plugin's handler as one function, in whichever of the two forms it was written, and which kinds of
 * events it takes: of the others no object is made for it.
 */

import type { OwnEvent, ProcessEvent } from '@waggle/events';
import type { EventHandler, HandlerResult } from '../plugin/plugin.ts';

export interface EventCall {
  readonly handle: (event: ProcessEvent) => HandlerResult;
  readonly takes: (kind: ProcessEvent['event']) => boolean;
  /** Of one of the plugin's sources. */
  readonly handleOwn: (event: OwnEvent) => HandlerResult;
}

type OwnHandlers = Readonly<Record<string, ((event: OwnEvent) => HandlerResult) | undefined>>;

export function eventCall(handler: EventHandler): EventCall {
  if (typeof handler === 'function')
    return { handle: handler, takes: () => true, handleOwn: handler as OwnHandlers[string] & {} };
  // Looked up by kind, so that `this` in a method is the object it was written in.
  return {
    takes: (kind) => handler[kind === 'failed-exec' ? 'failedExec' : kind] !== undefined,
    handleOwn: (event) => (handler as OwnHandlers)[event.event]?.(event),
    handle(event) {
      switch (event.event) {
        case 'fork':
          return handler.fork?.(event);
        case 'exec':
          return handler.exec?.(event);
        case 'exit':
          return handler.exit?.(event);
        case 'failed-exec':
          return handler.failedExec?.(event);
        case 'lost':
          return handler.lost?.(event);
      }
    },
  };
}
