/**
 * What samples say of themselves in pprof and OTLP: process, container and cgroup; the thread where threads are
 * told apart, and the CPU where CPUs are.
 */

import type { ProfileLabels } from '@waggle/formats';
import type { LabelsOf } from '@waggle/profiler';
import type { Grouping } from './grouping.ts';
import { entryOf, type Processes } from './owner-entry.ts';

export function labelsBy(grouping: Grouping, processes: Processes): LabelsOf {
  return (owner) => {
    const { pid, comm, tid, threadComm } = owner;
    const entry = entryOf(owner, processes);
    const container = entry?.containerId;
    const cgroup = entry?.cgroup;
    return {
      pid,
      comm,
      ...(owner.state === 'running' ? {} : { state: owner.state }),
      ...(grouping === 'cpu' ? { cpu: owner.cpu } : {}),
      ...(tid === 0 ? {} : { tid, thread: threadComm }),
      ...(container === undefined || container === null ? {} : { container }),
      ...(cgroup === undefined ? {} : { cgroup }),
    };
  };
}

/** With the names in them as they are shown. */
export function mappedLabels(labels: LabelsOf, show: (text: string) => string): LabelsOf {
  return (owner): ProfileLabels =>
    Object.fromEntries(
      Object.entries(labels(owner)).map(([name, value]) => [
        name,
        typeof value === 'string' ? show(value) : value,
      ]),
    );
}
