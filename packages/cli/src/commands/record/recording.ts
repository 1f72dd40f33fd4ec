/**
 * A recording: samples until something ends it, then writes every output and one summary. What is counted, for whom and
 * where to has been decided by then.
 */

import { Profiler, type ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { openSession, type Session, superviseCommand, watchTarget } from '@waggle/core/session';
import { watchReader } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import type { LabelsOf } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import { FAILED } from '../../exit-code.ts';
import { type ProfileOutputs, writeOutputs } from '../../profile-files/outputs.ts';
import { scoped, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import { leftOut } from '../../terminal/namespaces.ts';
import { asHint, runAs } from '../../users/run-as.ts';
import { byModule } from './by-module.ts';
import { type Counted, describeCounted, manyStacks, preloadedFiles } from './counted.ts';
import { Ending } from './ending.ts';
import { rootFramesBy } from './grouping.ts';
import { labelsBy } from './labels.ts';
import { nameFilter } from './name-filter.ts';
import { NamingSignals } from './naming-signals.ts';
import { onlyFrames, sideOf } from './only-frames.ts';
import type { RecordOptions } from './options.ts';
import type { Processes } from './owner-entry.ts';
import { profilesOverTime } from './profiles-over-time.ts';
import { startProgress } from './progress.ts';
import { redactedFrames, redactedLabels } from './redacted.ts';
import { type ResolvedOptions, sessionConfig } from './session-config.ts';
import { cpuStateLines } from './summary/cpu-state-summary.ts';
import { nameHintLines } from './summary/name-hints.ts';
import { summaryLines } from './summary/profile-summary.ts';
import { summarize } from './summary/recording-summary.ts';
import { describeTarget, isWholeHost, type RecordTarget } from './targets.ts';
import type { TraceFile } from './trace-file.ts';
import { TraceRecording } from './trace-recording.ts';

const STDOUT = 1;

interface What {
  readonly counted: Counted;
  readonly outputs: ProfileOutputs;
  /** Processes and samples with their times. */
  readonly traceFiles: readonly TraceFile[];
}

/** Nothing is asked of processes, and told apart by it, where no output has room for the answer. */
function labelsFor(
  { files, endpoints }: ProfileOutputs,
  options: RecordOptions,
  processes: Processes,
): LabelsOf | undefined {
  if (endpoints.length === 0 && !files.some(({ format }) => format.labels)) return undefined;
  return redactedLabels(labelsBy(options.groupBy, processes), options);
}

/** @param words of the command, as it is run; the target has them as they are shown. @returns the exit code */
export const record = Effect.fnUntraced(function* (
  options: ResolvedOptions,
  target: RecordTarget,
  { counted, outputs, traceFiles }: What,
  words: readonly string[],
) {
  const processes: Processes = () => session.service(ProcessMetadata);
  const rootFrames = redactedFrames(rootFramesBy(options.groupBy, processes), options);
  const labels = labelsFor(outputs, options, processes);
  const recorded = new TraceRecording(traceFiles, options, labels);
  const owners = { rootFrames, labels: recorded.labels, where: nameFilter(options, processes) };
  const session = yield* openSession(
    recorded.configured(sessionConfig(options, target, counted, owners)),
  );
  const profiler = session.service(Profiler);
  if (profiler === undefined) return yield* Effect.die('the composition has no profiler');
  const naming = yield* scoped(() => new NamingSignals(profiler));
  const under = { session, profiler, recorded, outputs, target, options };
  const argv = commandBytes(words);
  const ending = new Ending(session, naming);
  if (argv === undefined) yield* stopOnSignal(() => ending.heedSignal(), naming.heed);
  const hint = asHint(words, options.as);
  if (hint !== undefined) say(hint);
  yield* readAhead(under, counted, words);
  // What the start ran: tables of what is sampled take its room.
  session.kernel.native.releaseProgramText();
  // Who starts something now finds it in the recording.
  say(`recording ${describeTarget(target, options)} ${describeCounted(counted, options)}`);
  // What the command prints must not get between the stacks.
  const stdout = goesToStdout(outputs) && !isTerminal(STDOUT) ? 'stderr' : 'inherit';
  const command =
    argv && (yield* superviseCommand(session, argv, { stdout, user: runAs(options.as) }));
  if (command !== undefined) ending.follow(command);
  yield* endWith(under, ending, command !== undefined);
  const collected = yield* collectedBy(under, command !== undefined);
  const isWritten = yield* written(under, collected);
  if (!isWritten) return FAILED;
  return command === undefined ? 0 : (yield* Effect.promise(() => command.ended)).exitCode;
});

/** A recording that is under way. */
interface UnderWay {
  readonly session: Session;
  readonly profiler: ProfilerService;
  readonly recorded: TraceRecording;
  readonly outputs: ProfileOutputs;
  /** As it is shown. */
  readonly target: RecordTarget;
  readonly options: ResolvedOptions;
}

/** What stacks of the first moment need is read before there is one. */
const readAhead = Effect.fnUntraced(function* (
  { profiler, target, options }: UnderWay,
  counted: Counted,
  words: readonly string[],
) {
  const preloaded = manyStacks(counted) ? 'all' : 'interpreters';
  const hasCommand = commandBytes(words) !== undefined;
  if (hasCommand && (preloaded === 'all' || options.interpreters !== false))
    yield* Effect.promise(() => profiler.preload(preloadedFiles(words), preloaded));
  if (target.kind === 'processes' && options.interpreters !== false)
    yield* Effect.promise(() => profiler.interpretersKnown());
});

const goesToStdout = ({ files }: ProfileOutputs): boolean => files.some(({ path }) => path === '-');

/** All that ends it besides signals and the command. */
const endWith = Effect.fnUntraced(function* (
  { session, profiler, outputs, target, options: { duration } }: UnderWay,
  ending: Ending,
  hasCommand: boolean,
) {
  const stop = () => ending.stop();
  if (goesToStdout(outputs) && outputs.files.length === 1 && outputs.endpoints.length === 0)
    yield* scoped(() => watchReader(session.kernel.native, STDOUT, stop));
  if (target.kind === 'processes') yield* scoped(() => watchTarget(session, stop));
  if (duration === undefined) return;
  yield* stopAfter(duration, stop);
  // With a command the time is over for the command first, and its end is sampled too.
  if (!hasCommand) profiler.endAfter(duration * 1000);
});

/** Samples until the end; what was sampled then has its names. */
const collectedBy = Effect.fnUntraced(function* (
  { session, profiler, recorded, outputs, options }: UnderWay,
  hasCommand: boolean,
) {
  const collect = recorded.isWanted
    ? yield* scoped(() => recorded.slicesOf(session, profiler))
    : undefined;
  const { liveEvery } = options;
  const overTime = (seconds: number) =>
    profilesOverTime(session, outputs, seconds, (profile) => asShown(profile, options));
  const watched =
    liveEvery === undefined
      ? session.run
      : Effect.scoped(Effect.andThen(overTime(liveEvery), session.run));
  // Naming is other work than sampling, and takes most memory: it begins with as little as it can.
  const { native } = session.kernel;
  const sampled = Effect.andThen(
    watched,
    Effect.sync(() => native.releaseProgramText()),
  );
  const recording = Effect.andThen(
    sampled,
    collect === undefined ? session.collect : Effect.promise(() => collect.finish()),
  );
  // A command has the terminal for its own words. Not for longer: a summary follows, line by line.
  return yield* hasCommand
    ? recording
    : Effect.scoped(Effect.andThen(startProgress(profiler), recording));
});

/** Writes every output and says what became of it. @returns whether all of it could be written */
const written = Effect.fnUntraced(function* (
  { session, profiler, recorded, outputs, target, options }: UnderWay,
  collected: Profile,
) {
  const shown = asShown(collected, options);
  // What naming ran.
  session.kernel.native.releaseProgramText();
  const files = yield* Effect.promise(() =>
    writeOutputs(outputs, shown, {
      withArguments: options.sendArguments === true,
      program: target.kind === 'command' ? target.argv[0] : undefined,
    }),
  );
  const missing = recorded.finish();
  for (const problem of [...files.problems, ...missing.problems]) say(problem);
  const where = [
    ...(outputs.files.length + outputs.endpoints.length > 0 ? [files.where] : []),
    ...missing.where,
  ];
  summarize(
    session,
    profiler,
    { ...files, where: where.join('; ') },
    options,
    collected.metadata.durationSeconds,
  );
  const counts = profiler.counts();
  for (const line of cpuStateLines(collected, counts, isWholeHost(target, options))) say(line);
  for (const line of [...summaryLines(shown), ...nameHintLines(shown)]) say(line);
  if (counts.foreign > 0 && target.kind === 'host') say(leftOut(`${counts.foreign} samples`));
  return files.problems.length + missing.problems.length === 0;
});

function asShown(profile: Profile, options: RecordOptions): Profile {
  const side = sideOf(options);
  const sided = side === undefined ? profile : onlyFrames(profile, side);
  return options.groupBy === 'module' ? byModule(sided) : sided;
}
