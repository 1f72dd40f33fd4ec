// Events as core hands them over, of what a store looks at.

import type { ExecEvent, ExitEvent, FailedExecEvent, ForkEvent } from '@waggle/core';

export const BOOT_NS = 1_760_000_000_000_000_000n;

export interface Who {
  readonly pid: number;
  /** Boot clock, ns. */
  readonly start: bigint;
  readonly ppid?: number;
  readonly comm?: string;
  /** Boot clock, ns. */
  readonly at: bigint;
}

function base({ pid, start, ppid = 1, comm = 'x', at }: Who) {
  return {
    ...{ time: BOOT_NS + at, bootTime: at, pid, tid: pid, ppid, startTime: start, comm },
    ...{ uid: 1000, containerId: null, cgroup: '/test' },
  };
}

export const fork = (who: Who, childPid: number, childStart: bigint): ForkEvent =>
  ({
    ...base(who),
    ...{ event: 'fork', childPid, childStartTime: childStart },
    ...{ childCgroup: '/test', childContainerId: null },
  }) as unknown as ForkEvent;

export const exec = (who: Who, argv: readonly string[]): ExecEvent =>
  ({ ...base(who), event: 'exec', argv, filename: argv[0] ?? '' }) as unknown as ExecEvent;

export const exit = (who: Who, outcome: Partial<ExitEvent> = {}): ExitEvent =>
  ({
    ...base(who),
    ...{ event: 'exit', argv: null, filename: null, exitCode: 0, signal: null },
    ...{ coreDumped: false, lifetimeNs: who.at - who.start, userNs: 5n, systemNs: 6n },
    ...{ maxRssBytes: 4096n, majorFaults: 0, readBytes: 7n, writeBytes: 8n },
    ...outcome,
  }) as unknown as ExitEvent;

export const failure = (who: Who, argv: readonly string[], error = 'ENOENT'): FailedExecEvent =>
  ({
    ...base(who),
    ...{ event: 'failed-exec', argv, filename: argv[0] ?? '', error },
  }) as unknown as FailedExecEvent;
