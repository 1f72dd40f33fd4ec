/**
 * What the kernel sends about an exec, as the cache takes it. Everything but pid and start time is
 * optional, so that records of any tracer fit; what is missing is read from /proc when asked for.
 */
import { invalidType, optional, wholeNumber } from './argument-error.ts';
import { Environ } from './environ.ts';
import type { FieldValues } from './fields.ts';
import { checkedPid, type KnownIdentity, knownIdentity, type StartTimeScale } from './identity.ts';
import { variablesOf } from './procfs/environ.ts';

interface ExecRecordFields {
  /** The thread group's id. */
  readonly pid: number;
  /** `task->self_exec_id`, counted after this exec. */
  readonly execId?: number | undefined;
  /**
   * What `ProcProbe.imageMark` is, from the kernel's `mm` after the exec: the arithmetic is in
   * procfs/image-mark.ts, and as C in @waggle/bpf. With it, a record that arrives late is never
   * completed with data of the next image, or of another process; without it, the first look at
   * /proc that does not show the image known before is taken to show the record's.
   */
  readonly imageMark?: number | undefined;
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

/**
 * Throws `TypeError` or `RangeError`, both with a `code`, for a record that is none: without a
 * start time nothing could be told apart, and a wrong type would come out of an entry later on.
 */
export function identityOfRecord(record: ExecRecord, scale: StartTimeScale): KnownIdentity {
  const identity = knownIdentity(record, scale);
  checkedPid(identity.pid);
  const { argv, argvTruncated } = record;
  if (argv !== undefined) {
    const isList = Array.isArray(argv) && argv.every((argument) => typeof argument === 'string');
    if (!isList) throw invalidType('argv', 'an array of strings', argv);
  }
  optional('argvTruncated', argvTruncated, 'a boolean', typeof argvTruncated === 'boolean');
  const { environ, environTruncated } = record;
  if (environ !== undefined) {
    const isList = Array.isArray(environ) && environ.every((block) => typeof block === 'string');
    if (!isList) throw invalidType('environ', 'an array of strings', environ);
  }
  optional(
    'environTruncated',
    environTruncated,
    'a boolean',
    typeof environTruncated === 'boolean',
  );
  for (const field of TEXTS) {
    if (record[field] !== undefined && typeof record[field] !== 'string') {
      throw invalidType(field, 'a string', record[field]);
    }
  }
  for (const field of NUMBERS) {
    if (record[field] !== undefined) wholeNumber(field, record[field], 0);
  }
  return identity;
}

const TEXTS = ['comm', 'filename', 'cgroup', 'containerId', 'cwd', 'exe'] as const;
const NUMBERS = ['imageMark', 'ppid', 'uid', 'gid', 'nsMnt', 'nsPid'] as const;

/** Every field spelled out: spreading objects is most of what a record costs otherwise. */
export function valuesOfRecord(record: ExecRecord): FieldValues {
  const whole = record.argv !== undefined && !record.argvTruncated;
  const hasEnviron = record.environ !== undefined && !record.environTruncated;
  return {
    cmdline: whole ? Object.freeze([...(record.argv ?? [])]) : undefined,
    cmdlineTruncated: whole ? false : undefined,
    cwd: record.cwd,
    environ: hasEnviron ? new Environ(variablesOf(record.environ ?? [])) : undefined,
    environTruncated: hasEnviron ? false : undefined,
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
