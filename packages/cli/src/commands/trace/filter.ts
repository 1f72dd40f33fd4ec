// The filters that userspace applies; pids and cgroups are filtered in the kernel.

import type { ProcessEvent } from '@waggle/core';
import type { TraceOptions } from './options.ts';

/** Losses always pass: who reads a trace has to know that it has holes. */
export function eventFilter(options: TraceOptions): (event: ProcessEvent) => boolean {
  const { comm, uid, failed } = options;
  return (event) => {
    if (event.event === 'lost') return true;
    if (comm !== undefined && !comm.test(event.comm)) return false;
    if (uid !== undefined && (event.event === 'fork' || event.uid !== uid)) return false;
    return !failed || hasFailed(event);
  };
}

function hasFailed(event: ProcessEvent): boolean {
  if (event.event === 'failed-exec') return true;
  return event.event === 'exit' && (event.exitCode !== 0 || event.signal !== null);
}
