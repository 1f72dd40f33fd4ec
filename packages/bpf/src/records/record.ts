/**
 * What records of process_events say that are no events: decoded by cgroup.ts. Events are made of their
 * records where they lie, by the generated readers, in @waggle/core.
 */

/** A cgroup in one hierarchy. */
export interface CgroupPath {
  readonly version: 1 | 2;
  /**
   * Of v1, one that tells the hierarchy: memory, pids, cpu, cpuset, devices, `name=` for one
   * without any (systemd's), `` for others. `` for v2.
   */
  readonly controllers: string;
  /** From the hierarchy's root, whatever cgroup namespace anybody is in. */
  readonly path: string;
}

/**
 * What a `cgroupKey` means: the cgroups of a process in all hierarchies where it is not in the root.
 * Sent before the first record that has the key, and now and then again.
 */
export interface CgroupRecord {
  readonly key: number;
  readonly paths: readonly CgroupPath[];
}

/** No event: a cgroup that is followed by its path was removed, or is there again. */
export interface FollowedRecord {
  /** As userspace numbered it. */
  readonly step: number;
  readonly exists: boolean;
}
