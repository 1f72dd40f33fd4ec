/**
 * What all events of processes say, and what is known beside their records to say it. Each kind has its
 * type and its reading in one file. Fields are spelled out there, the common ones too: this runs for every
 * event, and spreading objects is what costs.
 */

import { recordFlags } from '@waggle/bpf';
import type { ProcessIdentity } from '@waggle/cache';
import type { KnownCgroups } from '../fields/known-cgroups.ts';
import { type ProcessId, processIds, bootId as readBootId } from '../fields/process-id.ts';

/** Either makes `argvTruncated` of a record's event true. */
export const ARGV_CUT = recordFlags.RECORD_ARGV_TRUNCATED | recordFlags.RECORD_ARGV_UNREADABLE;

export interface EventBase {
  readonly pid: number;
  /** start_boottime of the thread group leader, ns: (pid, startTime) is a process. */
  readonly startTime: bigint;
  /** Tells the programs of a process apart: grows by one at each execve, inherited over fork. */
  readonly execId: number;
  /** The same three as the cache takes them: `processMetadata.getByIdentity(event.identity)`. */
  readonly identity: ProcessIdentity;
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** The same moment on CLOCK_BOOTTIME, which never jumps. */
  readonly bootTime: bigint;
  /** The image as one string, unique over hosts and reboots. */
  readonly processId: string;
  /** The same of the image that the parent runs. */
  readonly parentProcessId: string;
  /** This event's and no other's, over hosts, reboots and sessions: event-ids.ts. */
  readonly eventId: string;
  /** Of the thread that ran the hook. */
  readonly tid: number;
  readonly ppid: number;
  /** With ppid, the identity of the parent. */
  readonly parentStartTime: bigint;
  /** The leader's: at most 15 bytes. */
  readonly comm: string;
  /** null where nobody keeps process metadata, or the parent was gone before we came. */
  readonly parentComm: string | null;
  /**
   * Path from the root of its hierarchy, whatever cgroup namespace anybody is in: v2's, unless v1
   * tells more, as `parseCgroup` of the cache chooses. null only after a loss.
   */
  readonly cgroup: string | null;
  /** Of the innermost container; null outside of any. */
  readonly containerId: string | null;
}

/** What goes into events beside their records. */
export class EventContext {
  readonly processId: ProcessId;
  /** Apart, because neighbours in the stream have their parent in common. */
  readonly parentId: ProcessId;

  constructor(
    readonly cgroups: KnownCgroups,
    /** CLOCK_REALTIME minus CLOCK_BOOTTIME. */
    readonly realtimeOffset = 0n,
    readonly bootId = readBootId(),
  ) {
    this.processId = processIds(bootId);
    this.parentId = processIds(bootId);
  }

  /** The same after a step of the wall clock; events that were read before keep theirs. */
  withOffset(realtimeOffset: bigint): EventContext {
    return realtimeOffset === this.realtimeOffset
      ? this
      : new EventContext(this.cgroups, realtimeOffset, this.bootId);
  }
}
