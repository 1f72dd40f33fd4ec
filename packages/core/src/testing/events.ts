// Events for tests, whole from the few fields that a test is about. What is not given follows from
// what is: comm from the program, ids from the identity, the end from the beginning.

import { countByKind, sumOf } from '@waggle/kernel';
import type {
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
} from '../events/process-event.ts';

/** 2026-01-01T00:00:00Z, on a host that was started a day before. */
const NOON_NS = 1_767_225_600_000_000_000n;
const BOOT_NS = 86_400_000_000_000n;
/** TASK_COMM_LEN of the kernel (include/linux/sched.h) without its NUL. */
const COMM_BYTES = 15;

type Common = Omit<
  ForkEvent,
  'event' | 'childPid' | 'childStartTime' | 'uid' | 'childCgroup' | 'childContainerId'
>;

function common(given: Partial<Common>, program?: string): Common {
  const pid = given.pid ?? 1000;
  const ppid = given.ppid ?? 1;
  const startTime = given.startTime ?? BOOT_NS + BigInt(pid) * 1_000_000n;
  const parentStartTime = given.parentStartTime ?? 1_000_000n;
  const execId = given.execId ?? 1;
  return {
    time: given.time ?? NOON_NS + ((given.bootTime ?? startTime) - BOOT_NS),
    bootTime: given.bootTime ?? startTime,
    processId: given.processId ?? `test-${pid}-${startTime}-${execId}`,
    parentProcessId: given.parentProcessId ?? `test-${ppid}-${parentStartTime}-0`,
    pid,
    tid: given.tid ?? pid,
    ppid,
    startTime,
    execId,
    identity: { pid, startBoottimeNs: startTime, execId },
    parentStartTime,
    comm: given.comm ?? commOf(program ?? 'test'),
    parentComm: given.parentComm ?? null,
    cgroup: given.cgroup === undefined ? '/' : given.cgroup,
    containerId: given.containerId ?? null,
  };
}

/** As the kernel names an image: the last part of its path, cut. */
function commOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1).slice(0, COMM_BYTES);
}

/** `childPid` is one above `pid` unless given. */
export function forkEvent(given: Partial<Omit<ForkEvent, 'event'>> = {}): ForkEvent {
  const base = common(given);
  return {
    event: 'fork',
    ...base,
    childPid: given.childPid ?? base.pid + 1,
    childStartTime: given.childStartTime ?? base.bootTime,
    uid: given.uid ?? 0,
    childCgroup: given.childCgroup === undefined ? base.cgroup : given.childCgroup,
    childContainerId: given.childContainerId ?? base.containerId,
  };
}

/** `execEvent({ argv: ['/bin/ls', '-l'] })`: the program is the first argument unless given. */
export function execEvent(given: Partial<Omit<ExecEvent, 'event'>> = {}): ExecEvent {
  const filename = given.filename ?? given.argv?.[0] ?? '/bin/test';
  return {
    event: 'exec',
    ...common(given, filename),
    filename,
    argv: given.argv ?? [filename],
    argvTruncated: given.argvTruncated ?? false,
    uid: given.uid ?? 0,
    gid: given.gid ?? 0,
    cgroupId: given.cgroupId ?? 1n,
    nsMnt: given.nsMnt ?? 1,
    nsPid: given.nsPid ?? 1,
    layoutFingerprint: given.layoutFingerprint ?? 0,
    detail: given.detail ?? null,
    environ: given.environ ?? null,
    environTruncated: given.environTruncated ?? false,
  };
}

/**
 * The end of a process; give it the identity (and with ProcessMetadata nothing else) of its exec:
 * `exitEvent({ ...exec, exitCode: 1 })`. A second after its start unless given.
 */
export function exitEvent(given: Partial<Omit<ExitEvent, 'event'>> = {}): ExitEvent {
  const { bootTime: _bootTime, time: _time, ...rest } = given;
  const { startTime } = common(rest);
  const lifetimeNs = given.lifetimeNs ?? 1_000_000_000n;
  return {
    event: 'exit',
    ...common({ ...rest, bootTime: startTime + lifetimeNs }, given.filename ?? undefined),
    uid: given.uid ?? 0,
    cgroupId: given.cgroupId ?? 1n,
    filename: given.filename ?? null,
    argv: given.argv ?? null,
    argvTruncated: given.argvTruncated ?? false,
    exitCode: given.exitCode ?? 0,
    signal: given.signal ?? null,
    coreDumped: given.coreDumped ?? false,
    lifetimeNs,
  };
}

export function failedExecEvent(
  given: Partial<Omit<FailedExecEvent, 'event'>> = {},
): FailedExecEvent {
  const filename = given.filename === undefined ? '/bin/test' : given.filename;
  return {
    event: 'failed-exec',
    ...common(given),
    error: given.error ?? 'ENOENT',
    filename,
    argv: given.argv ?? (filename === null ? [] : [filename]),
    argvTruncated: given.argvTruncated ?? false,
    uid: given.uid ?? 0,
    gid: given.gid ?? 0,
    cgroupId: given.cgroupId ?? 1n,
  };
}

/** So many events of the kinds that are given were lost. */
export function lostEvent(
  lost: Partial<LostEvent['lost']> & { readonly time?: bigint },
): LostEvent {
  const { time = NOON_NS, ...given } = lost;
  const whole = countByKind((kind) => given[kind] ?? 0);
  return { event: 'lost', time, count: sumOf(whole), lost: whole };
}
