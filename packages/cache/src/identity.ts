/**
 * Who a process is. A pid alone is only a number that the kernel hands out again; the pair
 * (pid, start time) is a process, and the exec generation tells its program images apart.
 * Tracers have the start time in nanoseconds and /proc in clock ticks: here, and nowhere else,
 * one becomes the other.
 */
import { invalidType, outOfRange, wholeNumber } from './argument-error.ts';
import { ticksFromBoottime } from './procfs/clock-ticks.ts';
import type { Procfs } from './procfs/procfs.ts';

/** A program image: as every record, event and sample has it, with nothing left open. */
export interface ProcessIdentity {
  readonly pid: number;
  /** `task->start_boottime` of the leader: nanoseconds since boot. */
  readonly startBoottimeNs: bigint;
  /** Exec generation (`task->self_exec_id`). It grows with every exec. */
  readonly execId: number;
}

/** What is known of an entry: the ticks of /proc always, the rest where a kernel record gave it. */
export interface KnownIdentity extends Pick<ProcessIdentity, 'pid'> {
  /** Clock ticks since boot: stat field 22. */
  readonly startTime: number;
  /** Two owners of one pid within one tick (10 ms) are told apart by it, if both have it. */
  readonly startBoottimeNs?: bigint | undefined;
  readonly execId?: number | undefined;
}

/** Whom the cache is asked about: an image, or without `execId` a process, whatever it runs. */
export type IdentityQuery =
  | (Omit<ProcessIdentity, 'execId'> & {
      readonly execId?: number | undefined;
      readonly startTime?: undefined;
    })
  | KnownIdentity;

/** The unit in which a procfs shows start times. */
export type StartTimeScale = Pick<Procfs, 'clockTicksPerSecond'>;

/**
 * `start_boottime` in the ticks that this procfs shows for it. Both are by the clock of the
 * reader's time namespace: there /proc adds its offset, and a tracer has to as well.
 * @throws `TypeError` or `RangeError`, with a `code`, for what is no time.
 */
export function startTicksOf(startBoottimeNs: bigint, scale: StartTimeScale): number {
  return ticksFromBoottime(startBoottimeNs, scale.clockTicksPerSecond);
}

/**
 * The same with its ticks.
 * @throws `TypeError` or `RangeError`, both with a `code`, for what is no identity: JavaScript
 *   callers have no types, and a wrong unit would find nobody, silently
 */
export function knownIdentity(given: IdentityQuery, scale: StartTimeScale): KnownIdentity {
  if (typeof given !== 'object' || given === null) {
    throw invalidType('an identity', '{ pid, startBoottimeNs, execId }', given);
  }
  const { pid, startTime, startBoottimeNs, execId } = given;
  // 0 is nobody's but the idle tasks', and what events and samples call a parent outside.
  wholeNumber('pid', pid, 0);
  if (execId !== undefined) wholeNumber('execId', execId, 0);
  if (startBoottimeNs !== undefined) checkedNanoseconds(startBoottimeNs);
  if (startTime !== undefined) {
    if (typeof startTime === 'bigint') {
      throw invalidType(
        'startTime',
        'a number of clock ticks (startBoottimeNs takes ns)',
        startTime,
      );
    }
    wholeNumber('startTime', startTime, 0);
    return { pid, startTime, startBoottimeNs, execId };
  }
  if (startBoottimeNs === undefined) {
    throw invalidType('a process', 'told by startBoottimeNs (or startTime, in ticks)', undefined);
  }
  return { pid, startTime: startTicksOf(startBoottimeNs, scale), startBoottimeNs, execId };
}

/** Pids come from outside; a path is made of them. */
export function checkedPid(pid: number): number {
  return wholeNumber('pid', pid, 1);
}

function checkedNanoseconds(ns: bigint): void {
  if (typeof ns !== 'bigint') throw invalidType('startBoottimeNs', 'a bigint of nanoseconds', ns);
  if (ns < 0n) throw outOfRange('startBoottimeNs', 'at least 0n', `${ns}n`);
}

/** Same pid and start time: one process, whatever it runs. */
export function isSameProcess(a: KnownIdentity, b: KnownIdentity): boolean {
  return (
    a.pid === b.pid &&
    a.startTime === b.startTime &&
    (a.startBoottimeNs === undefined ||
      b.startBoottimeNs === undefined ||
      a.startBoottimeNs === b.startBoottimeNs)
  );
}

/** Same process and the same exec generation; one that is not known is like no other. */
export function isSameImage(a: KnownIdentity, b: KnownIdentity): boolean {
  return a.execId !== undefined && a.execId === b.execId && isSameProcess(a, b);
}

/** Negative when `a` started before `b`. Exact where both have nanoseconds. */
export function compareStart(a: KnownIdentity, b: KnownIdentity): number {
  if (a.startTime !== b.startTime) return a.startTime - b.startTime;
  if (a.startBoottimeNs === undefined || b.startBoottimeNs === undefined) return 0;
  return a.startBoottimeNs < b.startBoottimeNs ? -1 : Number(a.startBoottimeNs > b.startBoottimeNs);
}

/** `pid:startTime`, and `:execId` where known: a map key, unique until the host boots again. */
export function formatIdentity(identity: KnownIdentity): string {
  const process = `${identity.pid}:${identity.startTime}`;
  return identity.execId === undefined ? process : `${process}:${identity.execId}`;
}
