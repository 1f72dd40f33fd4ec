/** The events of a session as a stream of Effect. A slow subscriber is waited for. */

import type { ProcessEvent } from '@waggle/events';
import type * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Queue from 'effect/Queue';
import * as Stream from 'effect/Stream';

type Subscribe = (
  observer: (events: readonly ProcessEvent[]) => void | Promise<void>,
) => () => void;

/** @param ended resolves when there will be no more. */
export function streamOf(
  subscribe: Subscribe,
  ended: Promise<void>,
): Stream.Stream<readonly ProcessEvent[]> {
  return Stream.callback<readonly ProcessEvent[]>(
    (queue: Queue.Queue<readonly ProcessEvent[], Cause.Done>) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          ended.then(() => Queue.endUnsafe(queue));
          return subscribe((events) =>
            Effect.runPromise(Effect.asVoid(Queue.offer(queue, events))),
          );
        }),
        (unsubscribe) => Effect.sync(unsubscribe),
      ),
    { bufferSize: 16 },
  );
}
