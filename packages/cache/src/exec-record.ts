/**
 * What the kernel sends about an exec, as the cache takes it. Everything but pid and start time is
 * optional, so that records of any tracer fit; what is missing is read from /proc when asked for.
 */

interface ExecRecordFields {
  /** The thread group's id. */
  readonly pid: number;
  /** `task->self_exec_id`, counted after this exec. */
  readonly execId?: number | undefined;
  /**
   * What `ProcProbe.layoutFingerprint` is, from the kernel's `mm` after the exec: the arithmetic is in
   * procfs/layout-fingerprint.ts, and as C in @waggle/bpf. With it, a record that arrives late is never
   * completed with data of the next image, or of another process; without it, the first look at
   * /proc that does not show the image known before is taken to show the record's.
   */
  readonly layoutFingerprint?: number | undefined;
  /** `comm` after the exec. */
  readonly comm?: string | undefined;
  /** The path given to exec: may be relative, and a script's own. */
  readonly filename?: string | undefined;
  readonly argv?: readonly string[] | undefined;
  /** `argv` lacks its end: /proc is asked for the whole while the process lives. */
  readonly argvTruncated?: boolean | undefined;
  /** `NAME=value` each, as the program got them. They hold secrets. */
  readonly environ?: readonly string[] | undefined;
  /** `environ` lacks its end: it is not taken then, and /proc is asked while the process lives. */
  readonly environTruncated?: boolean | undefined;
  readonly ppid?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** As /proc/PID/cgroup shows it. With it, an absent `containerId` means that there is none. */
  readonly cgroup?: string | undefined;
  readonly containerId?: string | undefined;
  readonly nsMnt?: number | undefined;
  readonly nsPid?: number | undefined;
  readonly cwd?: string | undefined;
  /** Absolute path of the executable. */
  readonly exe?: string | undefined;
}

/** One exec. The start time in ticks or, as the kernel has it, in nanoseconds. */
export type ExecRecord = ExecRecordFields &
  (
    | { readonly startTime: number; readonly startBoottimeNs?: undefined }
    | { readonly startTime?: undefined; readonly startBoottimeNs: bigint }
  );
