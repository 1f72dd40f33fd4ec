/**
 * `record -- COMMAND` for who may load no BPF: a command of one's own, sampled by perf events that anybody may have
 * where kernel.perf_event_paranoid is 2 or less.
 */

import { basename } from 'node:path';
import { RealProcfs } from '@waggle/cache';
import { defaultCacheDirectory } from '@waggle/core/plugins/cpu-profiler';
import { type CommandLine, existingDescendants, superviseCommand } from '@waggle/core/session';
import {
  CAPABILITY_NEEDS,
  hasCapability,
  missingCapabilities,
  openNative,
  perfEventParanoid,
} from '@waggle/ffi';
import { CommandProfiler, type RootFrames, summarizeUnwinds } from '@waggle/profiler';
import { commandLine } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { FAILED } from '../../exit-code.ts';
import { type ProfileOutputs, writeOutputs } from '../../profile-files/outputs.ts';
import { scoped, stopAfter } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import type { Counted } from './counted.ts';
import { labelsBy } from './labels.ts';
import { NamingSignals } from './naming-signals.ts';
import { onlyFrames, type Side } from './only-frames.ts';
import type { RecordOptions } from './options.ts';
import { summaryLines } from './summary/profile-summary.ts';
import type { RecordTarget } from './targets.ts';

const STDOUT = 1;
/** What lets people sample their own processes, in user space. */
const OWN_PROCESSES = 2;

/** Whether this recording is to be made without BPF: it cannot be made with it, and can be without. */
export function goesWithoutBpf(
  options: RecordOptions,
  target: RecordTarget,
  counted: Counted,
  traces: readonly string[],
): boolean {
  if (target.kind !== 'command' || missingCapabilities().length === 0) return false;
  const level = perfEventParanoid();
  const perfmon = CAPABILITY_NEEDS.find(({ name }) => name === 'CAP_PERFMON');
  const isAllowed =
    level !== undefined &&
    (level <= OWN_PROCESSES || (perfmon !== undefined && hasCapability(perfmon)));
  return isAllowed && needsBpf(options, counted, traces).length === 0;
}

/** What was asked for and is not to be had without it. */
function needsBpf(options: RecordOptions, counted: Counted, traces: readonly string[]): string[] {
  const { cgroup, container, uid, comm, cpu, groupBy, as, javaPerfMap } = options;
  const given = { cgroup, container, uid, comm, cpu, as };
  const { events } = counted;
  const isOfClock = events.cpuClock && events.perf.length + events.probes.length === 0;
  return [
    ...(isOfClock ? [] : ['what it counts']),
    ...(traces.length > 0 ? ['a trace'] : []),
    ...(javaPerfMap === true ? ['--java-perf-map'] : []),
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`])),
    ...(['comm', 'process'].includes(groupBy) ? [] : [`--group-by ${groupBy}`]),
  ];
}

interface Wanted {
  readonly options: RecordOptions;
  /** As it is shown and written. */
  readonly shown: RecordTarget & { readonly kind: 'command' };
  readonly outputs: ProfileOutputs;
  readonly rootFrames: RootFrames;
  readonly side: Side | undefined;
}

/** @param words of the command as it is run */
export const recordWithoutBpf = Effect.fnUntraced(function* (words: CommandLine, wanted: Wanted) {
  const { options, shown, outputs, rootFrames, side } = wanted;
  const native = yield* Effect.promise(() => openNative());
  const procfs = new RealProcfs();
  const settings = {
    trackedProcesses: () => existingDescendants(procfs, process.pid),
    signalTimes: () => undefined,
  };
  const toStdout = outputs.files.some(({ path }) => path === '-');
  say(
    `no rights for BPF (${missingCapabilities().join(', ')}): this command alone is recorded, at ${options.frequency} Hz`,
  );
  const command = yield* superviseCommand({ kernel: { native, settings } }, words, {
    stdout: toStdout && !isTerminal(STDOUT) ? 'stderr' : 'inherit',
    stopped: true,
  });
  const profiler = yield* scoped(
    () =>
      new CommandProfiler(native, procfs, {
        pid: command.pid,
        comm: basename(shown.argv[0]).slice(0, 15),
        frequencyHz: options.frequency,
        unwindsByTables: options.unwind !== 'fp',
        lines: options.lines === true,
        cacheDirectory: defaultCacheDirectory(),
        command: commandLine(shown.argv),
        rootFrames,
        labels: labelsBy(options.groupBy, () => undefined),
      }),
  );
  const naming = yield* scoped(() => new NamingSignals(profiler));
  process.kill(command.pid, 'SIGCONT');
  if (options.duration !== undefined) yield* stopAfter(options.duration, () => command.end());
  const { exitCode } = yield* Effect.promise(() => command.ended);
  profiler.stop();
  naming.begin();
  const collected = yield* Effect.promise(() => profiler.collect());
  const profile = side === undefined ? collected : onlyFrames(collected, side);
  const written = yield* Effect.promise(() =>
    writeOutputs(outputs, profile, {
      withArguments: options.sendArguments === true,
      program: shown.argv[0],
    }),
  );
  for (const problem of written.problems) say(problem);
  const { samples, lost, stops } = profiler.counts();
  say(`${samples} samples, ${lost} lost; ${written.where}`);
  for (const line of [...limits(profiler), ...completeness(stops), ...summaryLines(profile)])
    say(line);
  return written.problems.length > 0 ? FAILED : exitCode;
});

function limits({ withKernel }: CommandProfiler): string[] {
  return withKernel
    ? []
    : [
        `stacks have no part in the kernel: kernel.perf_event_paranoid is ${perfEventParanoid()}, and 1 would show it`,
      ];
}

function completeness(stops: readonly number[]): string[] {
  const { walks, complete } = summarizeUnwinds(stops);
  if (walks === 0) return [];
  return [`${((100 * complete) / walks).toFixed(2)} % of user stacks are complete`];
}
