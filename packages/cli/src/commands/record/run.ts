// `waggle record`: samples until the command ends, the time is up or a signal comes, then writes
// every output and one summary.

import {
  existingDescendants,
  type LifecycleConfig,
  type LifecycleSession,
  openLifecycleSession,
  type ProcessEvent,
  type Profiler,
  sampleEntries,
  startCommand,
  startProfiler,
  type TrackedCommand,
} from '@waggle/core';
import * as Effect from 'effect/Effect';
import * as Stream from 'effect/Stream';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { runToExitCode, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';
import { type ProfileOutput, planOutputs, unwritable, writeOutputs } from './outputs.ts';
import { startProgress } from './progress.ts';
import { chooseTarget, describeTarget, type RecordTarget } from './targets.ts';

const EVENTS = ['fork', 'exec', 'exit'] as const;

export async function runRecord(
  options: RecordOptions,
  command: readonly string[],
): Promise<number> {
  const target = chooseTarget(options, command);
  if (target.kind === 'mistake') {
    say(target.message);
    return USAGE_ERROR;
  }
  const outputs = planOutputs(options.output ?? [DEFAULT_OUTPUT]);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const problem = unwritable(outputs);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  return runToExitCode(Effect.scoped(record(options, target, outputs)));
}

const record = Effect.fnUntraced(function* (
  options: RecordOptions,
  target: RecordTarget,
  outputs: readonly ProfileOutput[],
) {
  const session = yield* openLifecycleSession(sessionConfig(options, target));
  const profiler = yield* startProfiler(session, {
    frequencyHz: options.frequency,
    pids: runningPids(session, target),
    ...(target.kind === 'command' ? { launcher: process.pid, command: target.argv.join(' ') } : {}),
  });
  let stoppedBySignal = false;
  yield* stopOnSignal(() => {
    stoppedBySignal = true;
    session.stop();
  });
  say(`recording ${describeTarget(target)} at ${options.frequency} Hz`);
  let command: TrackedCommand | undefined;
  if (target.kind === 'command') {
    // What the command prints must not get between the stacks.
    const toStdout = outputs.some(({ path }) => path === '-');
    command = yield* startCommand(target.argv, toStdout ? ['inherit', 2, 'inherit'] : 'inherit');
    command.ended.then(() => session.stop());
  }
  if (options.duration !== undefined) yield* stopAfter(options.duration, () => session.stop());
  yield* startProgress(profiler);
  const seen = { fork: 0, exec: 0, exit: 0, lost: 0 };
  yield* Stream.runForEach(session.events, (events) => Effect.sync(() => count(seen, events)));
  profiler.stop();
  const ended = command?.running === false ? yield* Effect.promise(() => command.ended) : undefined;
  const problems = yield* Effect.promise(() => writeOutputs(outputs, profiler.profile()));
  for (const problem of problems) say(problem);
  summarize(profiler, seen, outputs);
  if (problems.length > 0) return FAILED;
  return ended?.exitCode ?? (command !== undefined && stoppedBySignal ? 130 : 0);
});

function sessionConfig(options: RecordOptions, target: RecordTarget): LifecycleConfig {
  return {
    events: EVENTS,
    sampleEntries: sampleEntries(options.frequency),
    ...(target.kind === 'command' ? { launcher: process.pid } : {}),
    ...(target.kind === 'processes' ? { pids: target.pids } : {}),
  };
}

function runningPids(session: LifecycleSession, target: RecordTarget): readonly number[] {
  switch (target.kind) {
    case 'command':
      return [];
    case 'processes':
      return target.pids.flatMap((pid) => [pid, ...existingDescendants(session.procfs, pid)]);
    case 'host':
      return session.procfs.pids();
  }
}

function count(seen: Record<ProcessEvent['event'], number>, events: readonly ProcessEvent[]): void {
  for (const event of events) seen[event.event] += event.event === 'lost' ? event.count : 1;
}

function summarize(
  profiler: Profiler,
  seen: Readonly<Record<ProcessEvent['event'], number>>,
  outputs: readonly ProfileOutput[],
): void {
  const counts = profiler.counts();
  const files = outputs.map(({ path }) => (path === '-' ? 'standard output' : path)).join(', ');
  say(`${counts.stored} samples, ${counts.lost} lost; written to ${files}`);
  say(`lifecycle: ${seen.fork} forks, ${seen.exec} execs, ${seen.exit} exits, ${seen.lost} lost`);
  if (counts.userTruncated > 0)
    say(`${counts.userTruncated} samples had deeper stacks than the kernel records`);
  if (counts.lostMappings > 0)
    say(`${counts.lostMappings} mapping records were lost; some frames may have no name`);
}
