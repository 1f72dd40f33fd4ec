// Profile by container: where each container's CPU time went, every few seconds. Processes that
// ended meanwhile are counted like the others: their metadata stays until the next collection.
//
//   waggle run examples/profile-by-container.ts [SECONDS]

import type { ProcessMetadataCache } from '@waggle/cache';
import {
  cpuProfiler,
  defineAgent,
  definePlugin,
  type FrameCount,
  ProcessMetadata,
  Profiler,
} from '@waggle/core';

/** The container's id, or the cgroup of what runs in none. */
function groupOf({ identity }: FrameCount, processes: ProcessMetadataCache) {
  const process = processes.getByIdentity(identity) ?? processes.getOrLoad(identity.pid);
  return process?.containerId?.slice(0, 12) ?? process?.cgroup ?? '(gone)';
}

const byContainer = (everyMs: number) =>
  definePlugin({
    name: 'profile-by-container',
    needs: { profiler: Profiler, processes: ProcessMetadata },
    setup({ services: { profiler, processes }, onClose, warn }) {
      const report = async (): Promise<void> => {
        const samples = new Map<string, number>();
        const hottest = new Map<string, Map<string, number>>();
        for (const stack of await profiler.collectRaw()) {
          const group = groupOf(stack, processes);
          samples.set(group, (samples.get(group) ?? 0) + stack.count);
          const leaves = hottest.get(group) ?? new Map<string, number>();
          const leaf = stack.frames.at(-1)?.symbol ?? '[unknown]';
          hottest.set(group, leaves.set(leaf, (leaves.get(leaf) ?? 0) + stack.count));
        }
        for (const [group, count] of [...samples].sort(([, a], [, b]) => b - a)) {
          const [leaf] = [...(hottest.get(group) ?? [])].sort(([, a], [, b]) => b - a);
          console.log(`${group}\t${count} samples\thottest: ${leaf?.[0]} (${leaf?.[1]})`);
        }
      };
      let timer: ReturnType<typeof setInterval> | undefined;
      onClose(() => clearInterval(timer));
      return {
        start() {
          timer = setInterval(() => report().catch((error) => warn(String(error))), everyMs);
        },
        end: report,
      };
    },
  });

export default ([seconds = '5']: string[]) =>
  defineAgent({ plugins: [cpuProfiler({ raw: true }), byContainer(Number(seconds) * 1000)] });
