/** The session of a recording: its plugins, and what they are told. */

import { RealProcfs } from '@waggle/cache';
import { cpuProfiler, defaultCacheDirectory } from '@waggle/core/plugins/cpu-profiler';
import { imageRetirement } from '@waggle/core/plugins/image-retirement';
import { processMetadata } from '@waggle/core/plugins/process-metadata';
import { existingDescendants, type SessionConfig } from '@waggle/core/session';
import type { ProfilerConfig } from '@waggle/profiler';
import { commandLine } from '@waggle/text';
import { say } from '../../terminal/messages.ts';
import { type Counted, countingPlugins, manyStacks } from './counted.ts';
import type { RecordOptions } from './options.ts';
import { describeTarget, isWholeHost, type RecordTarget } from './targets.ts';
import { isTraceFile } from './trace-file.ts';

/** With the directories of all cgroups, those of containers too. */
export interface ResolvedOptions extends RecordOptions {
  readonly cgroups: readonly string[] | undefined;
}

/** What has ended is remembered until its last samples were taken in, and looked for so often. */
const CYCLE_MS = 250;

/** Of events that nobody prints: two seconds at 1,000 processes a second. */
const RING_BYTES = 1024 * 1024;

export function sessionConfig(
  options: ResolvedOptions,
  target: RecordTarget,
  counted: Counted,
  owners: Pick<ProfilerConfig, 'rootFrames' | 'labels' | 'where'>,
): SessionConfig {
  const launcher = target.kind === 'command' ? { launcher: process.pid } : {};
  const profiler = cpuProfiler({
    cacheDirectory: defaultCacheDirectory(),
    frequencyHz: options.frequency,
    unwind: options.unwind,
    lines: options.lines === true,
    interpreters: options.interpreters !== false,
    interpreterFrames: options.native === true,
    javaPerfMaps: options.javaPerfMap === true,
    // A trace has each sample for itself, with its thread and its time.
    threads: options.groupBy === 'thread' || isTraced(options),
    times: isTraced(options),
    perCpu: options.groupBy === 'cpu',
    idle: options.idle === true,
    cpuClock: counted.events.cpuClock,
    manyStacks: manyStacks(counted),
    cpus: options.cpu,
    uid: options.uid,
    excludeSelf: options.includeSelf !== true,
    onlyThreads: target.kind === 'processes' ? target.threads : undefined,
    ...owners,
    ...launcher,
    command: target.kind === 'command' ? commandLine(target.argv) : undefined,
    target:
      target.kind === 'command' || isWholeHost(target, options)
        ? undefined
        : describeTarget(target, options),
    ...mappedBefore(target, counted),
  });
  return {
    trackProcessLifecycle: true,
    execDetail: false,
    ringBytes: RING_BYTES,
    // Nobody is told apart from the others by whose child he is.
    ...(target.kind === 'host' ? { trackedProcesses: 1 } : {}),
    cycleMs: CYCLE_MS,
    plugins: [processMetadata(), profiler, ...countingPlugins(counted, options), imageRetirement()],
    onPluginProblem: ({ message }) => say(`warning: ${message}`),
    ...launcher,
    cgroups: options.cgroups,
    ...(target.kind === 'processes' ? { pids: target.pids } : {}),
  };
}

const isTraced = ({ output = [] }: RecordOptions): boolean => output.some(isTraceFile);

/** Whose stacks may be met: what they have mapped is read at the start. */
function mappedBefore(
  target: RecordTarget,
  { offCpu }: Counted,
): { readonly pids?: () => readonly number[] } {
  // Anybody may wake those that are recorded.
  if (offCpu?.wakers === true) return { pids: () => new RealProcfs().pids() };
  return target.kind === 'processes' ? { pids: () => withDescendants(target.pids) } : {};
}

function withDescendants(pids: readonly number[]): readonly number[] {
  const procfs = new RealProcfs();
  return pids.flatMap((pid) => [pid, ...existingDescendants(procfs, pid)]);
}
