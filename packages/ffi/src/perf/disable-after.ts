/** An end for perf events that comes in time also where this process is given no CPU: packages/native/src/deadline.c. */

import type { Native } from '../native/native.ts';
import type { PerfEvent } from './perf-event.ts';

/**
 * Disables the events when so many milliseconds have passed, unless it is disposed of before. They may be
 * closed at any time.
 * @throws SystemError EMFILE: too many descriptors, one for each event is needed; EAGAIN: too many threads.
 */
export function disableAfter(native: Native, events: readonly PerfEvent[], ms: number): Disposable {
  const descriptors = Int32Array.from(events, ({ fd }) => fd);
  const nanoseconds = BigInt(Math.ceil(Math.max(ms, 0) * 1e6));
  const fd = native.check('set an end for perf events', () =>
    native.waggle.waggle_disable_events(
      new Uint8Array(descriptors.buffer),
      descriptors.length,
      nanoseconds,
    ),
  );
  let isWanted = true;
  return {
    [Symbol.dispose]() {
      if (isWanted) native.libc.close(fd);
      isWanted = false;
    },
  };
}
