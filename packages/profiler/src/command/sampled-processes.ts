/**
 * The processes of a command that is sampled without BPF: which image of which process a sample is of, by what the
 * kernel tells of forks, execs and names.
 */

import type { StackCount } from '../sampling/stack-count.ts';
import type { CommandRecord } from './command-events.ts';
import type { ThreadSample } from './thread-sample.ts';

interface SampledProcess {
  readonly startTime: bigint;
  readonly execId: number;
  readonly comm: string;
}

export class SampledProcesses {
  readonly #processes = new Map<number, SampledProcess>();

  /** @param comm what the command is called at its start */
  constructor(pid: number, startTime: bigint, comm: string) {
    this.#processes.set(pid, { startTime, execId: 0, comm });
  }

  /** In the order of time. */
  apply(record: CommandRecord): void {
    if (record.type === 'fork') {
      const { comm = '' } = this.#processes.get(record.parent) ?? {};
      this.#processes.set(record.pid, { startTime: record.time, execId: 0, comm });
    } else if (record.type === 'name') {
      const before = this.#processes.get(record.pid);
      if (before === undefined) return;
      const execId = before.execId + (record.isExec ? 1 : 0);
      this.#processes.set(record.pid, { ...before, execId, comm: record.comm });
    }
  }

  forget(pid: number): void {
    this.#processes.delete(pid);
  }

  /** The sample as every source of stacks has them, its user stack by frame pointers. */
  stackOf({ pid, time, cpu, kernel, user }: ThreadSample, userStop: number): StackCount {
    const { startTime = 0n, execId = 0, comm = '' } = this.#processes.get(pid) ?? {};
    return {
      ...{ pid, startTime, execId, comm, cpu, kernel, user, userStop },
      ...{ tid: 0, threadComm: '', event: 0, state: 'running', count: 1, weight: 0 },
      ...{ firstTime: time, lastTime: time, interrupted: [], truncated: false },
    };
  }
}
