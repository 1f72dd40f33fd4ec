// Container id of a process that has just called execve. A cgroup stands for its container, so
// one read of /proc serves every process in it. The cgroup is named by its ids in two
// hierarchies: v2's, and the memory controller's for hosts that still run containers on v1.

import { type Procfs, ProcfsError } from '@waggle/cache';

const MAX_CGROUPS = 4096;

export class ContainerLookup {
  private readonly byCgroup = new Map<bigint, Map<bigint, string | null>>();

  constructor(private readonly procfs: Procfs) {}

  /** undefined: no process of this cgroup was seen before, and this one was gone already. */
  find(pid: number, cgroupId: bigint, memoryCgroupId: bigint): string | null | undefined {
    const known = this.byCgroup.get(cgroupId)?.get(memoryCgroupId);
    if (known !== undefined) return known;
    const container = this.read(pid);
    if (container !== undefined) this.remember(cgroupId, memoryCgroupId, container);
    return container;
  }

  private remember(cgroupId: bigint, memoryCgroupId: bigint, container: string | null): void {
    let sameCgroup = this.byCgroup.get(cgroupId);
    if (sameCgroup === undefined || sameCgroup.size >= MAX_CGROUPS) {
      if (this.byCgroup.size >= MAX_CGROUPS) this.byCgroup.clear();
      sameCgroup = new Map();
      this.byCgroup.set(cgroupId, sameCgroup);
    }
    sameCgroup.set(memoryCgroupId, container);
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
