/** What a process has used by its end: all its threads and programs, without its children. */
export interface ProcessUsage {
  /** CPU time outside of the kernel, since its birth. */
  readonly userNs: bigint;
  /** CPU time in the kernel; freeing its memory comes after its end, and is not in it. */
  readonly systemNs: bigint;
  /**
   * The most memory that was resident at once. Of the last program; before Linux 6.16 of all, as wait4(2)
   * has it: there a child that was started by vfork(2) begins with its parent's.
   */
  readonly maxRssBytes: bigint;
  /** Page faults that had to wait for storage. */
  readonly majorFaults: number;
  /**
   * Read from storage, as in /proc/PID/io. `null` where the kernel counts none
   * (CONFIG_TASK_IO_ACCOUNTING).
   */
  readonly readBytes: bigint | null;
  /** Written to storage, now or later. */
  readonly writeBytes: bigint | null;
  /** How often it gave up the CPU, to wait for something. */
  readonly voluntarySwitches: number;
  /** How often the CPU was taken from it. */
  readonly involuntarySwitches: number;
}
