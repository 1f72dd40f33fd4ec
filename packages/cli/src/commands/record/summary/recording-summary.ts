/** What is said on stderr when a recording is over: how much there is, and what is missing from it. */

import type { ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { LiveHeap } from '@waggle/core/plugins/live-heap';
import { OffCpu } from '@waggle/core/plugins/off-cpu';
import { Probes } from '@waggle/core/plugins/probes';
import type { Session } from '@waggle/core/session';
import { sumOf } from '@waggle/kernel';
import type { WriteResult } from '../../../profile-files/outputs.ts';
import { say } from '../../../terminal/messages.ts';
import { liveHeapLines } from '../live-heap.ts';
import { offCpuLines } from '../off-cpu.ts';
import type { RecordOptions } from '../options.ts';
import { cpuChangeLines } from './cpu-changes.ts';
import { growthLines } from './growth-summary.ts';
import { interpreterLines, javaPerfMapLines } from './interpreter-summary.ts';
import { probeLines } from './probe-summary.ts';
import { unreadLines } from './unread-summary.ts';
import { unwindLines } from './unwind-summary.ts';

export function summarize(
  session: Session,
  profiler: ProfilerService,
  { where }: WriteResult,
  { unwind }: RecordOptions,
  seconds: number,
): void {
  const counts = profiler.counts();
  say(`${counts.stored} samples, ${counts.lost} lost; ${where}`);
  const offCpu = session.service(OffCpu);
  if (offCpu !== undefined) for (const line of offCpuLines(offCpu.counts())) say(line);
  const heap = session.service(LiveHeap);
  if (heap !== undefined)
    for (const line of liveHeapLines(heap.counts(), heap.timeline())) say(line);
  const { delivered, lost, untracked } = session.totals();
  if (untracked > 0)
    say(
      `${untracked} processes were not followed, too many ran at once: their samples are missing`,
    );
  const allLost = sumOf(lost, ['fork', 'exec', 'exit']);
  say(
    `lifecycle: ${delivered.fork} forks, ${delivered.exec} execs, ${delivered.exit} exits, ${allLost} lost`,
  );
  if (counts.throttled > 0)
    say(
      `${counts.throttled} of the lost samples were left out to keep sampling to half of each CPU; a lower -F avoids it`,
    );
  const stats = session.service(Probes)?.stats() ?? [];
  for (const line of probeLines(stats, seconds)) say(line);
  for (const line of unwindLines(counts, unwind)) say(line);
  for (const line of interpreterLines(counts)) say(line);
  for (const line of javaPerfMapLines(counts)) say(line);
  for (const line of unreadLines(counts)) say(line);
  if (counts.otherSamples > 0)
    say(`${counts.otherSamples} samples are in [other]: there were too many different stacks`);
  for (const line of growthLines(counts)) say(line);
  for (const line of cpuChangeLines(counts.cpus)) say(line);
  if (counts.lostMappings > 0)
    say(
      `${counts.lostMappings} records of what is mapped were lost, and mappings read from /proc instead; programs that ended before may have frames without a name`,
    );
}
