/**
 * What the kernel sends about an exec, as the cache takes it. Everything but pid and start time is
 * optional, so that records of any tracer fit; what is missing is read from /proc when asked for.
 */
import type { FieldValues } from './fields.ts';
import type { ProcessIdentity } from './identity.ts';
import { ticksFromBoottime } from './procfs/clock-ticks.ts';

interface ExecRecordFields {
  /** The thread group's id. */
  readonly pid: number;
  /** `task->self_exec_id`, counted after this exec. */
  readonly execId?: number | undefined;
  /**
   * `mm->start_code + mm->start_stack` after the exec, which is what `ProcProbe.imageMark` is.
   * With it, a record that arrives after the next exec is never completed with data of that next
   * image; without it, the first look at /proc is taken to show the image of the record.
   */
  readonly imageMark?: number | undefined;
  /** `comm` after the exec. */
  readonly comm?: string | undefined;
  /** The path given to exec: may be relative, and a script's own. */
  readonly filename?: string | undefined;
  readonly argv?: readonly string[] | undefined;
  /** `argv` lacks its end: /proc is asked for the whole while the process lives. */
  readonly argvTruncated?: boolean | undefined;
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

/** Throws `TypeError` for a record without a start time: nothing could be told apart by it. */
export function identityOfRecord(record: ExecRecord, ticksPerSecond: number): ProcessIdentity {
  const { pid, execId, startBoottimeNs } = record;
  if (startBoottimeNs === undefined && typeof record.startTime !== 'number') {
    throw new TypeError('an exec record needs startTime or startBoottimeNs');
  }
  const startTime =
    startBoottimeNs === undefined
      ? record.startTime
      : ticksFromBoottime(startBoottimeNs, ticksPerSecond);
  return { pid, startTime, startBoottimeNs, execId };
}

/** Every field spelled out: spreading objects is most of what a record costs otherwise. */
export function valuesOfRecord(record: ExecRecord): FieldValues {
  const whole = record.argv !== undefined && !record.argvTruncated;
  return {
    cmdline: whole ? Object.freeze([...(record.argv ?? [])]) : undefined,
    cmdlineTruncated: whole ? false : undefined,
    cwd: record.cwd,
    environ: undefined,
    exe: record.exe,
    exeDeleted: undefined,
    comm: record.comm,
    nsMnt: record.nsMnt,
    nsPid: record.nsPid,
    uid: record.uid,
    gid: record.gid,
    cgroup: record.cgroup,
    containerId: record.containerId,
    ppid: record.ppid,
    filename: record.filename,
  };
}

/** The start of a command line that the record has only in part. */
export function partialCmdlineOf(record: ExecRecord): readonly string[] | undefined {
  if (!record.argvTruncated || record.argv === undefined) return undefined;
  return Object.freeze([...record.argv]);
}
