/**
 * One process, from its birth to its end, as the store knows it. A pid alone is nobody: (pid, start) is.
 */

export interface ProcessEnd {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Undefined where its end was lost. */
  readonly exitCode: number | undefined;
  readonly signal: string | null;
  readonly coreDumped: boolean;
}

export class ProcessRecord {
  ppid = 0;
  /** The number of its parent; 0 where nobody knows it. */
  parent = 0;
  comm = '';
  uid: number | undefined;
  /** What may be shown of its arguments. */
  argv: readonly string[] | undefined;
  containerId: string | undefined;
  cgroup: string | undefined;
  kernelThread = false;
  /** Execs since it was seen first. */
  execs = 0;
  /** start_boottime in ns; undefined while only /proc has told of it. */
  startTime: bigint | undefined;
  /** Of /proc, where that told of it. */
  startTicks: number | undefined;
  end: ProcessEnd | undefined;
  /** Everything that is read only if somebody looks has been read. */
  described = false;
  /** Ended descendants that were forgotten: in a storm only the newest are kept. */
  forgottenBelow = 0;

  constructor(
    readonly number: number,
    readonly pid: number,
    /** Milliseconds since 1970. */
    readonly bornAt: number,
  ) {}

  get failed(): boolean {
    return this.end !== undefined && (this.end.signal !== null || (this.end.exitCode ?? 0) !== 0);
  }
}
