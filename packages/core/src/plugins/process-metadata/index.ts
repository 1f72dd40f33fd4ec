/**
 * The plugin that keeps who every process is: a ProcessMetadataCache fed by the kernel's records,
 * and events completed from it (names of parents, the program of what ends). What ends
 * stays for the rest of the cycle.
 */

import { ProcessMetadataCache } from '@waggle/cache';
import type { ProcessEvent } from '@waggle/events';
import { withRecordHandlers } from '../../dispatch/record-handlers.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { ProcessMetadata } from '../../session/roles.ts';
import { CacheFeed } from './cache-feed.ts';

/** Key of the cache, for plugins that need it. */
export { ProcessMetadata };

export interface ProcessMetadataOptions {
  /** Most entries at any time. Default 65,536: as many processes as a large host has. */
  readonly capacity?: number | undefined;
}

const DEFAULT_CAPACITY = 65_536;

/**
 * Who every process is, from the kernel's records and, for those that ran before, from one walk of /proc.
 *
 * - Needs: the kernel's fork, exec and exit events.
 * - Provides: `ProcessMetadata`, a `ProcessMetadataCache`; and in every event what the kernel cannot know:
 *   `parentComm`, and `filename` and `argv` of what exits. Set in the `load` phase.
 * - Costs: some 10 µs a process (fork, exec and exit), 1 KiB for each that is known, and at the start a
 *   walk of /proc (150 ms at most at once). What ended is known until the cycle is over.
 *
 * ```ts
 * import { createAgent, definePlugin, ProcessMetadata } from '@waggle/core';
 *
 * // createAgent brings the plugin along; openSession({ plugins: [processMetadata(), where] }) does not.
 * const where = definePlugin({
 *   name: 'where',
 *   needs: { processes: ProcessMetadata },
 *   setup: ({ services: { processes } }) => ({
 *     observe: {
 *       exec: ({ identity, filename }) =>
 *         console.log(filename, 'in', processes.getByIdentity(identity)?.cwd),
 *     },
 *   }),
 * });
 * await using agent = await createAgent({ plugins: [where], metadata: { capacity: 10_000 } });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const processMetadata = (options: ProcessMetadataOptions = {}) =>
  definePlugin({
    name: 'process-metadata',
    provides: ProcessMetadata,
    needs: { kernel: Kernel },
    kernel: { events: ['fork', 'exec', 'exit'] },
    setup({ services: { kernel }, onClose, warn }) {
      const cache = new ProcessMetadataCache({
        capacity: options.capacity ?? DEFAULT_CAPACITY,
        procfs: kernel.procfs,
        logger: { warn },
        // Nearly everything ends before anybody asks who it was.
        beforeUse: () => feed.settle(),
      });
      const feed: CacheFeed = new CacheFeed(cache, kernel.procfs);
      onClose(() => feed.close());
      return withRecordHandlers(
        {
          service: cache,
          start: () => feed.walk.begin(),
          load: (event: ProcessEvent) => feed.load(event),
          cycle: (endedBefore: number) => feed.cycle(endedBefore),
        },
        { load: (batch, index) => feed.loadRecord(batch, index) },
      );
    },
  });
