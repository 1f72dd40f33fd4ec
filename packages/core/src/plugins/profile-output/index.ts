/**
 * The plugin that carries what the profiler collects to a sink: a file, a backend, a pipe. At the end
 * of the session, and every so often where that is asked for.
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { Profile } from '@waggle/formats';
import type { FrameCount } from '@waggle/profiler';
import { messageOf } from '../../dispatch/running-plugin.ts';
import { checkNumber } from '../../errors/check-options.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { CollectionKind } from '../../session/collection-cycle.ts';
import { SessionService } from '../../session/session-service.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { ProcessMetadata } from '../process-metadata/index.ts';

/** What goes to a sink with the stacks of one cycle. */
export interface SinkContext {
  /** Knows every process of the cycle, those that have ended in it included. */
  readonly processMetadata: ProcessMetadataCache;
}

/**
 * Where profiles go. Each function may return a promise, which is waited for: the next cycle is
 * collected after it. One that fails is counted as a failure of the plugin, and the session goes on.
 */
export interface OutputSink {
  /** Names and totals of one cycle. */
  readonly writeProfile?:
    | ((profile: Profile, context: SinkContext) => void | PromiseLike<void>)
    | undefined;
  /** The same stack by stack, with the process of each. The profiler needs `raw: true`. */
  readonly writeStacks?:
    | ((stacks: readonly FrameCount[], context: SinkContext) => void | PromiseLike<void>)
    | undefined;
  /** After the last cycle, once, also when writing failed before. */
  readonly finish?: (() => void | PromiseLike<void>) | undefined;
}

export interface ProfileOutputOptions {
  readonly sink: OutputSink;
  /** Length of a cycle. Default: one, the whole session. */
  readonly everyMs?: number | undefined;
  /** Unique in a composition. Default `profile-output`. */
  readonly name?: string | undefined;
}

/** Timers of JavaScript hold 31 bits of milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Carries what the profiler collects to a sink: at the end of the session, and every so often where that is
 * asked for.
 *
 * - Needs: `Profiler` (with `raw: true` for `writeStacks`), `ProcessMetadata`, the session.
 * - Provides: nothing. A cycle that cannot be written is a warning, and the session goes on.
 * - Costs: a collection for each cycle, which is mostly the names of code that was not seen before.
 *
 * ```ts
 * import { createAgent, profileOutput } from '@waggle/core';
 *
 * const busiest = profileOutput({
 *   everyMs: 10_000,
 *   sink: {
 *     writeProfile: ({ stacks, metadata }) =>
 *       console.log(`${metadata.samples} samples in ${stacks.length} stacks`),
 *   },
 * });
 * await using agent = await createAgent({ profile: {}, plugins: [busiest] });
 * await agent.finished;
 * ```
 *
 * @throws BadOption
 */
export const profileOutput = ({ sink, everyMs, name = 'profile-output' }: ProfileOutputOptions) => {
  checkNumber('everyMs', everyMs, { min: 0, above: true, max: MAX_TIMER_MS });
  return definePlugin({
    name,
    needs: { profiler: Profiler, processes: ProcessMetadata, session: SessionService },
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    setup({ services: { profiler, processes, session }, onClose, warn }) {
      const context: SinkContext = { processMetadata: processes };
      let timer: ReturnType<typeof setTimeout> | undefined;
      let writing: Promise<void> = Promise.resolve();
      const kinds: readonly CollectionKind[] = [
        ...(sink.writeProfile === undefined ? [] : (['profile'] as const)),
        ...(sink.writeStacks === undefined ? [] : (['stacks'] as const)),
      ];

      const write = async (): Promise<void> => {
        const [profile, stacks] = await session.collection(kinds, async () => [
          sink.writeProfile && (await profiler.collect()),
          sink.writeStacks && (await profiler.collectRaw()),
        ]);
        if (profile !== undefined) await sink.writeProfile?.(profile, context);
        if (stacks !== undefined) await sink.writeStacks?.(stacks, context);
      };
      const schedule = () => {
        timer = setTimeout(() => {
          writing = write()
            .catch((error: unknown) => warn(`a cycle was not written: ${messageOf(error)}`))
            .finally(schedule);
        }, everyMs);
      };
      onClose(() => clearTimeout(timer));
      return {
        start: () => {
          if (everyMs !== undefined) schedule();
        },
        async end() {
          await writing;
          clearTimeout(timer);
          profiler.stop();
          try {
            await write();
          } finally {
            await sink.finish?.();
          }
        },
      };
    },
  });
};
