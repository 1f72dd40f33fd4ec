/**
 * The plugin that keeps the profiler from remembering every process of a long recording: when an
 * image ends, by exec or with its process, its mappings are forgotten as soon as no sample of it
 * can be left. Samples taken before are resolved by their time, so nothing has to be flushed.
 */

import { recordHeader } from '@waggle/bpf';
import { withRecordHandlers } from '../../dispatch/record-handlers.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Profiler } from '../cpu-profiler/index.ts';

const AT = recordHeader.offset;

/**
 * Tells the profiler which program images have ended.
 *
 * - Needs: `Profiler`, and the kernel's exec and exit events.
 * - Provides: nothing. Without it a recording of hours keeps what every process had mapped, and a program
 *   that took another's place is noticed only by perf's own record of it.
 * - Costs: next to nothing a process; memory is what it saves.
 *
 * ```ts
 * import { cpuProfiler, imageRetirement } from '@waggle/core';
 * import { openSession } from '@waggle/core/session';
 * import * as Effect from 'effect/Effect';
 *
 * const profile = Effect.scoped(
 *   Effect.gen(function* () {
 *     const session = yield* openSession({ plugins: [cpuProfiler(), imageRetirement()] });
 *     yield* Effect.forkScoped(session.run);
 *     yield* Effect.sleep('10 seconds');
 *     return yield* session.collect;
 *   }),
 * );
 * console.log(await Effect.runPromise(profile));
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const imageRetirement = () =>
  definePlugin({
    name: 'image-retirement',
    needs: { profiler: Profiler },
    kernel: { events: ['exec', 'exit'] },
    setup: ({ services: { profiler } }) =>
      withRecordHandlers(
        {
          invalidate: {
            exec: ({ pid, bootTime }) => profiler.retire(pid, bootTime, false),
            exit: ({ pid, bootTime }) => profiler.retire(pid, bootTime, true),
          },
        },
        {
          // Of most events nobody wants an object: they are none for this.
          invalidate(batch, index) {
            const { view } = batch.memory;
            const place = batch.placeAt(index);
            const pid = view.getUint32(place + AT.tgid, true);
            const bootTime = view.getBigUint64(place + AT.time_ns, true);
            profiler.retire(pid, bootTime, batch.kindAt(index) === 'exit');
          },
        },
      ),
  });
