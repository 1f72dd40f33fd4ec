/**
 * Events for tests, whole from the few fields that a test is about. What is not given follows from
 * what is: comm from the program, ids from the identity, the end from the beginning.
 */

import { countByKind, sumOf } from '@waggle/kernel';
import { execEventId, exitEventId, failedExecEventId, forkEventId } from '../fields/event-ids.ts';
import { namesOf } from '../fields/number-fields.ts';
import { namesOfTexts } from '../fields/text-fields.ts';
import { EXEC_DETAIL_TEXTS } from '../kinds/exec-detail.ts';
import { EXEC_NUMBERS } from '../kinds/exec-event.ts';
import type {
  ExecDetail,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
} from '../kinds/process-event.ts';

/** 2026-01-01T00:00:00Z, on a host that was started a day before. */
const NOON_NS = 1_767_225_600_000_000_000n;
const BOOT_NS = 86_400_000_000_000n;
/** TASK_COMM_LEN of the kernel (include/linux/sched.h) without its NUL. */
const COMM_BYTES = 15;

type Common = Omit<
  ForkEvent,
  'event' | 'eventId' | 'childPid' | 'childStartTime' | 'uid' | 'childCgroup' | 'childContainerId'
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

/** Nothing unusual: no login, no terminal, no script. Only numbers and texts that tests are about are given. */
export function execDetail(given: Partial<ExecDetail> = {}): ExecDetail {
  const detail = {
    exe: '/usr/bin/test',
    cwd: '/',
    exeDevice: '8:1',
    exeInode: 1n,
    effectiveUid: 0,
    effectiveGid: 0,
    loginUid: undefined,
    sessionId: 1,
    tty: undefined,
    flags: [],
    stdio: ['-', '-', '-'],
  };
  const cut = Object.fromEntries(
    namesOfTexts(EXEC_DETAIL_TEXTS).map((name) => [
      name,
      name.endsWith('Truncated') ? false : undefined,
    ]),
  );
  return { ...cut, ...detail, ...given } as ExecDetail;
}

/** `childPid` is one above `pid` unless given. */
export function forkEvent(given: Partial<Omit<ForkEvent, 'event'>> = {}): ForkEvent {
  const base = common(given);
  const { childPid = base.pid + 1, childStartTime = base.bootTime } = given;
  return {
    event: 'fork',
    ...base,
    eventId: given.eventId ?? forkEventId(base.processId, childPid, childStartTime),
    childPid,
    childStartTime,
    uid: given.uid ?? 0,
    childCgroup: given.childCgroup === undefined ? base.cgroup : given.childCgroup,
    childContainerId: given.childContainerId ?? base.containerId,
  };
}

/** `execEvent({ argv: ['/bin/ls', '-l'] })`: the program is the first argument unless given. */
export function execEvent(given: Partial<Omit<ExecEvent, 'event'>> = {}): ExecEvent {
  const filename = given.filename ?? given.argv?.[0] ?? '/bin/test';
  const base = common(given, filename);
  return {
    event: 'exec',
    ...base,
    eventId: given.eventId ?? execEventId(base.processId),
    filename,
    argv: given.argv ?? [filename],
    argvTruncated: given.argvTruncated ?? false,
    uid: given.uid ?? 0,
    gid: given.gid ?? 0,
    cgroupId: given.cgroupId ?? 1n,
    layoutFingerprint: given.layoutFingerprint ?? 0,
    detail: given.detail ?? null,
    environ: given.environ ?? null,
    environTruncated: given.environTruncated ?? false,
    ...numbers(EXEC_NUMBERS, given),
  };
}

/** Each of them 1 unless given. */
function numbers<Fields extends object>(
  fields: Fields,
  given: { readonly [Name in keyof Fields]?: number | bigint },
): { readonly [Name in keyof Fields]: number } {
  const entries = namesOf(fields).map((name) => [name, given[name] ?? 1]);
  return Object.fromEntries(entries);
}

/**
 * The end of a process; give it the identity (and with ProcessMetadata nothing else) of its exec:
 * `exitEvent({ ...exec, exitCode: 1 })`. A second after its start unless given.
 */
export function exitEvent(given: Partial<Omit<ExitEvent, 'event'>> = {}): ExitEvent {
  const { bootTime: _bootTime, time: _time, ...rest } = given;
  const { startTime } = common(rest);
  const lifetimeNs = given.lifetimeNs ?? 1_000_000_000n;
  const base = common({ ...rest, bootTime: startTime + lifetimeNs }, given.filename ?? undefined);
  return {
    event: 'exit',
    ...base,
    // What is given may be the exec.
    eventId: exitEventId(base.processId),
    uid: given.uid ?? 0,
    cgroupId: given.cgroupId ?? 1n,
    filename: given.filename ?? null,
    argv: given.argv ?? null,
    argvTruncated: given.argvTruncated ?? false,
    exitCode: given.exitCode ?? 0,
    signal: given.signal ?? null,
    coreDumped: given.coreDumped ?? false,
    lifetimeNs,
    userNs: given.userNs ?? 0n,
    systemNs: given.systemNs ?? 0n,
    maxRssBytes: given.maxRssBytes ?? 0n,
    majorFaults: given.majorFaults ?? 0,
    readBytes: given.readBytes === undefined ? 0n : given.readBytes,
    writeBytes: given.writeBytes === undefined ? 0n : given.writeBytes,
    voluntarySwitches: given.voluntarySwitches ?? 0,
    involuntarySwitches: given.involuntarySwitches ?? 0,
  };
}

export function failedExecEvent(
  given: Partial<Omit<FailedExecEvent, 'event'>> = {},
): FailedExecEvent {
  const filename = given.filename === undefined ? '/bin/test' : given.filename;
  const base = common(given);
  return {
    event: 'failed-exec',
    ...base,
    eventId: given.eventId ?? failedExecEventId(base.processId, 0, base.bootTime),
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
