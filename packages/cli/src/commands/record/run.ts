/**
 * `waggle record`: samples until the command ends, the time is up or a signal comes, then writes
 * every output and one summary.
 */

import { Profiler } from '@waggle/core/plugins/cpu-profiler';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { redactArguments, redactText } from '@waggle/core/plugins/redaction';
import { openSession, superviseCommand, watchTarget } from '@waggle/core/session';
import { watchReader } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import type { LabelsOf, RootFrames } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { chosenCgroups } from '../../options/chosen-cgroups.ts';
import {
  filePerEvent,
  type ProfileOutputs,
  planOutputs,
  unwritable,
  writeOutputs,
} from '../../profile-files/outputs.ts';
import { runToExitCode, scoped, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import { leftOut } from '../../terminal/namespaces.ts';
import { asHint, runAs } from '../../users/run-as.ts';
import { byModule } from './by-module.ts';
import {
  type Counted,
  chooseCounted,
  describeCounted,
  manyStacks,
  preloadedFiles,
} from './counted.ts';
import { scopeOf } from './events.ts';
import { rootFramesBy } from './grouping.ts';
import { labelsBy, mappedLabels } from './labels.ts';
import { listProbes } from './list-probes.ts';
import { nameFilter } from './name-filter.ts';
import { NamingSignals } from './naming-signals.ts';
import { whyNoOffCpu } from './off-cpu.ts';
import { onlyFrames, type Side } from './only-frames.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';
import type { Processes } from './owner-entry.ts';
import { profilesOverTime } from './profiles-over-time.ts';
import { startProgress } from './progress.ts';
import { type ResolvedOptions, sessionConfig } from './session-config.ts';
import { cpuStateLines } from './summary/cpu-state-summary.ts';
import { nameHintLines } from './summary/name-hints.ts';
import { summaryLines } from './summary/profile-summary.ts';
import { summarize } from './summary/recording-summary.ts';
import {
  chooseTarget,
  cpuMistake,
  describeTarget,
  isWholeHost,
  type RecordTarget,
} from './targets.ts';
import { isTraceFile, type TraceFile, whyNoTrace } from './trace-file.ts';
import { openTraceFiles, TraceRecording } from './trace-recording.ts';
import { goesWithoutBpf, recordWithoutBpf } from './without-bpf.ts';

const STDOUT = 1;

export async function runRecord(
  options: RecordOptions,
  command: readonly string[],
): Promise<number> {
  const target = chooseTarget(options, command);
  if (target.kind === 'mistake') {
    say(target.message);
    return USAGE_ERROR;
  }
  if (options.listProbes !== undefined) return listProbes(options.listProbes, target, command);
  using scope = scopeOf(target, command);
  const counted = chooseCounted(options, scope);
  if (typeof counted === 'string') {
    say(counted);
    return USAGE_ERROR;
  }
  const wrong = cpuMistake(options);
  if (wrong !== undefined) {
    say(wrong);
    return USAGE_ERROR;
  }
  const cgroups = chosenCgroups(options);
  if (typeof cgroups === 'string') {
    say(cgroups);
    return USAGE_ERROR;
  }
  const { output = [DEFAULT_OUTPUT] } = options;
  const traces = output.filter(isTraceFile);
  const noTrace = traces.length === 0 ? undefined : whyNoTrace(counted);
  if (noTrace !== undefined) {
    say(noTrace);
    return USAGE_ERROR;
  }
  const planned = planOutputs(output.filter((path) => !isTraceFile(path)));
  const outputs =
    typeof planned === 'string' ? planned : filePerEvent(planned, counted.events.names);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const impossible = counted.offCpu && whyNoOffCpu();
  if (impossible !== undefined) {
    say(impossible);
    return FAILED;
  }
  const problem = unwritable([...outputs.files, ...traces.map((path) => ({ path }))]);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  const shown = redacted(target, options);
  const traceFiles = openTraceFiles(traces, options.frequency);
  if (typeof traceFiles === 'string') {
    say(traceFiles);
    return FAILED;
  }
  const what = { counted, outputs, traceFiles };
  const words = commandBytes(command);
  if (words && shown.kind === 'command' && goesWithoutBpf(options, target, counted, traces)) {
    const rootFrames = redactedFrames(
      rootFramesBy(options.groupBy, () => undefined),
      options,
    );
    const wanted = { options, shown, outputs, rootFrames, side: sideOf(options) };
    return runToExitCode(Effect.scoped(recordWithoutBpf(words, wanted)));
  }
  try {
    return await runToExitCode(
      Effect.scoped(record({ ...options, cgroups }, shown, what, command)),
    );
  } finally {
    for (const file of traceFiles) file[Symbol.dispose]();
  }
}

/** As it is shown and written: what is run keeps its arguments. */
function redacted(target: RecordTarget, { redact = [] }: RecordOptions): RecordTarget {
  if (target.kind !== 'command') return target;
  const [file = '', ...args] = redactArguments(target.argv, redact);
  return { kind: 'command', argv: [file, ...args] };
}

/** The names that processes and threads give themselves. */
function redactedFrames(frames: RootFrames, { redact }: RecordOptions): RootFrames {
  if (redact === undefined) return frames;
  return (owner) => frames(owner).map((name) => redactText(name, redact));
}

interface What {
  readonly counted: Counted;
  readonly outputs: ProfileOutputs;
  /** Processes and samples with their times. */
  readonly traceFiles: readonly TraceFile[];
}

/** Nothing is asked of processes, and told apart by it, where no output has room for the answer. */
function labelsFor(
  { files, endpoints }: ProfileOutputs,
  { redact, groupBy }: RecordOptions,
  processes: Processes,
): LabelsOf | undefined {
  if (endpoints.length === 0 && !files.some(({ format }) => format.labels)) return undefined;
  const labels = labelsBy(groupBy, processes);
  return redact === undefined ? labels : mappedLabels(labels, (text) => redactText(text, redact));
}

/** @param words of the command, as it is run; the target has them as they are shown. */
const record = Effect.fnUntraced(function* (
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
  let sampling = true;
  let stop = () => {
    sampling = false;
    session.stop();
  };
  const argv = commandBytes(words);
  if (argv === undefined) {
    const endNaming = () => void naming.end();
    yield* stopOnSignal(() => (sampling ? stop() : endNaming()), endNaming);
  }
  const hint = asHint(words, options.as);
  if (hint !== undefined) say(hint);
  const toStdout = outputs.files.some(({ path }) => path === '-');
  // What the command prints must not get between the stacks.
  const stdout = toStdout && !isTerminal(STDOUT) ? 'stderr' : 'inherit';
  const preloaded = manyStacks(counted) ? 'all' : 'interpreters';
  if (argv !== undefined && (preloaded === 'all' || options.interpreters !== false))
    yield* Effect.promise(() => profiler.preload(preloadedFiles(words), preloaded));
  if (target.kind === 'processes' && options.interpreters !== false)
    yield* Effect.promise(() => profiler.interpretersKnown());
  // Who starts something now finds it in the recording.
  say(`recording ${describeTarget(target, options)} ${describeCounted(counted, options)}`);
  const command =
    argv && (yield* superviseCommand(session, argv, { stdout, user: runAs(options.as) }));
  if (command !== undefined) {
    command.ended.then(stop).then(() => naming.begin());
    // Whatever else ends the recording ends the command first.
    stop = command.end;
  }
  if (toStdout && outputs.files.length === 1 && outputs.endpoints.length === 0)
    yield* scoped(() => watchReader(session.kernel.native, STDOUT, () => stop()));
  if (target.kind === 'processes') yield* scoped(() => watchTarget(session, stop));
  if (options.duration !== undefined) {
    yield* stopAfter(options.duration, () => stop());
    // With a command the time is over for the command first, and its end is sampled too.
    if (command === undefined) profiler.endAfter(options.duration * 1000);
  }
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
  const collected = yield* command === undefined
    ? Effect.scoped(Effect.andThen(startProgress(profiler), recording))
    : recording;
  const shown = asShown(collected, options);
  const written = yield* Effect.promise(() =>
    writeOutputs(outputs, shown, {
      withArguments: options.sendArguments === true,
      program: target.kind === 'command' ? target.argv[0] : undefined,
    }),
  );
  const missing = recorded.finish();
  for (const problem of [...written.problems, ...missing.problems]) say(problem);
  const where = [
    ...(outputs.files.length + outputs.endpoints.length > 0 ? [written.where] : []),
    ...missing.where,
  ];
  summarize(
    session,
    profiler,
    { ...written, where: where.join('; ') },
    options,
    collected.metadata.durationSeconds,
  );
  const counts = profiler.counts();
  for (const line of cpuStateLines(collected, counts, isWholeHost(target, options))) say(line);
  for (const line of [...summaryLines(shown), ...nameHintLines(shown)]) say(line);
  if (counts.foreign > 0 && target.kind === 'host') say(leftOut(`${counts.foreign} samples`));
  if (written.problems.length + missing.problems.length > 0) return FAILED;
  return command === undefined ? 0 : (yield* Effect.promise(() => command.ended)).exitCode;
});

function asShown(profile: Profile, options: RecordOptions): Profile {
  const side = sideOf(options);
  const sided = side === undefined ? profile : onlyFrames(profile, side);
  return options.groupBy === 'module' ? byModule(sided) : sided;
}

function sideOf({ user, kernel }: RecordOptions): Side | undefined {
  if (user) return 'user';
  return kernel ? 'kernel' : undefined;
}
