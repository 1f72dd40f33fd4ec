// Container id of a process that has just called execve. On cgroup v2 the id of the cgroup
// stands for its container, so one read of /proc serves every process in it; on v1 and hybrid
// hosts all processes share v2's root and each has to be asked.

import { ProcfsError, type Procfs } from '@waggle/cache';

/** Id of the root of the v2 hierarchy: kernfs numbers its root 1. */
const ROOT_CGROUP_ID = 1n;
const MAX_CGROUPS = 4096;

export class ContainerLookup {
  private readonly byCgroup = new Map<bigint, string | null>();

  constructor(private readonly procfs: Procfs) {}

  /** undefined: the process was gone before it could be asked. */
  find(pid: number, cgroupId: bigint): string | null | undefined {
    if (cgroupId <= ROOT_CGROUP_ID) return this.read(pid);
    const known = this.byCgroup.get(cgroupId);
    if (known !== undefined) return known;
    const container = this.read(pid);
    if (container !== undefined) {
      if (this.byCgroup.size >= MAX_CGROUPS) this.byCgroup.clear();
      this.byCgroup.set(cgroupId, container);
    }
    return container;
  }

  private read(pid: number): string | null | undefined {
    try {
      return this.procfs.cgroup(pid).containerId ?? null;
    } catch (error) {
      if (error instanceof ProcfsError) return undefined;
      throw error;
    }
  }
}
