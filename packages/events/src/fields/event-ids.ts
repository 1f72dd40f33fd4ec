/**
 * The string that is one event's and no other's, over hosts, reboots and sessions: who collects events from many
 * agents, each of which may send one twice, tells by it which he has. The image's id and what happened to it; two
 * sessions on one host that see the same event give it the same id.
 *
 * An image has one exec and one exit. Execs of it may fail many times: they are numbered from the birth of its
 * process, where the session saw all since, or else told by their time, which is each session's own.
 */

/** Processes with failed execs whose numbers are known. */
const MAX_COUNTED = 4096;

/** Numbers failed execs of each image: 1, 2, … or 0 for an image of which some may have been missed. */
export class FailedExecNumbers {
  readonly #counts = new Map<string, number>();
  readonly #max: number;
  /** All failures of processes that started later were counted. Boot clock, ns. */
  #completeSince: bigint;

  /** @param since when the session began to see everything: boot clock, ns */
  constructor(since: bigint, max = MAX_COUNTED) {
    this.#completeSince = since;
    this.#max = max;
  }

  /** @param timeNs of the failure: boot clock */
  next(pid: number, startBoottime: bigint, execId: number, timeNs: bigint): number {
    if (startBoottime <= this.#completeSince) return 0;
    if (this.#counts.size >= this.#max) {
      // Whoever runs now may go on to fail, and nobody knows any more where it stood.
      this.#counts.clear();
      this.#completeSince = timeNs;
      return 0;
    }
    const key = `${pid}-${startBoottime}-${execId}`;
    const number = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, number);
    return number;
  }
}

export const execEventId = (processId: string): string => `${processId}-exec`;
export const exitEventId = (processId: string): string => `${processId}-exit`;

/** @param processId the parent's */
export const forkEventId = (processId: string, childPid: number, childStart: bigint): string =>
  `${processId}-fork-${childPid}-${childStart}`;

/** @param number by FailedExecNumbers; `timeNs` is that of the boot clock */
export const failedExecEventId = (processId: string, number: number, timeNs: bigint): string =>
  number > 0 ? `${processId}-failed-${number}` : `${processId}-failed@${timeNs}`;

/** Of a plugin's own source: it may happen to an image any number of times. */
export const ownEventId = (processId: string, event: string, timeNs: bigint, cpu: number): string =>
  `${processId}-${event}@${timeNs}-${cpu}`;
