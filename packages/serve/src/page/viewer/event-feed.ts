/**
 * Which events the list shows: those of the span, and those that come after them. They are asked for first and come by
 * themselves from there on, so that none is there twice, and none is missing.
 */

import type { NumberedEvent } from './connection.ts';
import type { createEvents } from './events.ts';
import type { createLookedAt } from './looked-at.ts';
import { queryOf, Refusal, type Server } from './server.ts';
import type { State } from './state.ts';

const EVENTS_OF_SPAN = 1000;
/** A moment of the near future is the server's now, and its clock is not ours. */
const FUTURE_MS = 1000;

interface FoundEvents {
  /** The newest of the span, chosen or not. */
  readonly last: number;
  readonly isCut: boolean;
  readonly events: readonly NumberedEvent[];
}

interface FeedOptions {
  readonly server: Server;
  readonly connection: {
    want(filter: object): void;
    pause(): void;
    goOn(after: number | undefined): void;
  };
  readonly events: Pick<ReturnType<typeof createEvents>, 'show'>;
  readonly state: State;
  readonly lookedAt: ReturnType<typeof createLookedAt>;
  notice(text: string): void;
}

export function createEventFeed(options: FeedOptions) {
  const { server, connection, events, state, lookedAt, notice } = options;
  const { span, now, isFollowing } = lookedAt;
  /** Which question is the newest: answers to older ones are not shown. */
  let asked = 0;

  /** As the server's parameters have it; what is not chosen is not sent. */
  function chosen() {
    const { kinds, onlyFailed, text } = state;
    return {
      kind: kinds.length === 0 ? undefined : kinds.join(','),
      failed: onlyFailed ? 'true' : undefined,
      text: text === '' ? undefined : text,
    };
  }

  /** None come until they are loaded. */
  function hold(): void {
    const { scope } = state;
    connection.want({ ...chosen(), pid: scope?.pid, start: scope?.start });
    connection.pause();
  }

  function find(): Promise<FoundEvents> {
    const looked = isFollowing() ? { from: span().from, to: now() + FUTURE_MS } : span();
    return server.json<FoundEvents>('api/events', {
      ...queryOf(looked, state.scope),
      ...chosen(),
      format: 'json',
      limit: EVENTS_OF_SPAN,
    });
  }

  return {
    hold,
    /** What is chosen now, in place of what was. */
    async load(): Promise<void> {
      const question = ++asked;
      hold();
      if (state.view !== 'events' || lookedAt.hello === undefined) return;
      let last: number | undefined;
      try {
        const found = await find();
        if (question !== asked) return;
        events.show(found.events, found.isCut);
        ({ last } = found);
      } catch (error) {
        if (question !== asked) return;
        // What is no longer kept the page says once for all views.
        if (error instanceof Refusal && error.status > 401 && error.code !== 'span-not-kept')
          notice(error.message);
      }
      if (isFollowing()) connection.goOn(last);
    },
  };
}
