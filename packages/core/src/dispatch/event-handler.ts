// A plugin's handler as one function, in whichever of the two forms it was written.

import type { ProcessEvent } from '../events/process-event.ts';
import type { EventHandler, HandlerResult } from '../plugin/plugin.ts';

export type HandleEvent = (event: ProcessEvent) => HandlerResult;

export function handlerFunction(handler: EventHandler): HandleEvent {
  if (typeof handler === 'function') return handler;
  // Looked up by kind, so that `this` in a method is the object it was written in.
  return (event) => {
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
  };
}
