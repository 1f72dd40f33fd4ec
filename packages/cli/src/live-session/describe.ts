/** What the cache knows of a process beyond its events. */

import type { ProcessMetadataCache } from '@waggle/cache';

export function describeBy(cache: ProcessMetadataCache | undefined) {
  return (pid: number) => {
    const entry = cache?.getOrLoad(pid)?.load(['cmdline', 'uid', 'cgroup', 'containerId']);
    if (entry === undefined) return undefined;
    const { cmdline, uid, containerId, cgroup } = entry;
    return { argv: cmdline, uid, containerId, cgroup };
  };
}
