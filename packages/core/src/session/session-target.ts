/** Which processes a session is about. */

/** Both have to hold. Without either: all processes. */
export interface SessionTarget {
  /** Only these processes and their descendants, old and new. */
  readonly pids?: readonly number[] | undefined;
  /** Only descendants of this process (usually our own, about to start a command). */
  readonly launcher?: number | undefined;
  /**
   * Only processes in these cgroup v2 directories or below: at most 16. One that is removed is followed
   * again when it, or what is above it, is made again; a `warning` says both.
   */
  readonly cgroups?: readonly string[] | undefined;
}
