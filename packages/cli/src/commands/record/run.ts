/**
 * `waggle record`: samples until the command ends, the time is up or a signal comes, then writes
 * every output and one summary.
 */

import { RealProcfs } from '@waggle/cache';
import type { ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { cpuProfiler, defaultCacheDirectory, Profiler } from '@waggle/core/plugins/cpu-profiler';
import { imageRetirement } from '@waggle/core/plugins/image-retirement';
import { ProcessMetadata, processMetadata } from '@waggle/core/plugins/process-metadata';
import { redactArguments, redactText } from '@waggle/core/plugins/redaction';
import {
  existingDescendants,
  openSession,
  type Session,
  type SessionConfig,
  superviseCommand,
  watchTarget,
} from '@waggle/core/session';
import { watchReader } from '@waggle/ffi';
import { sumOf } from '@waggle/kernel';
import type { RootFrames } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import {
  type ProfileOutputs,
  planOutputs,
  unwritable,
  type WriteResult,
  writeOutputs,
} from '../../profile-files/outputs.ts';
import { runToExitCode, scoped, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import { leftOut } from '../../terminal/namespaces.ts';
import { commandLine } from '../../terminal/shell-words.ts';
import { cpuChangeLines } from './cpu-changes.ts';
import { cpuStateLines } from './cpu-state-summary.ts';
import { rootFramesBy } from './grouping.ts';
import { growthLines } from './growth-summary.ts';
import { nameHintLines } from './name-hints.ts';
import { NamingSignals } from './naming-signals.ts';
import { onlyFrames, type Side } from './only-frames.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';
import { summaryLines } from './profile-summary.ts';
import { startProgress } from './progress.ts';
import { chooseTarget, describeTarget, type RecordTarget } from './targets.ts';
import { unreadLines } from './unread-summary.ts';
import { unwindLines } from './unwind-summary.ts';

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
  const outputs = planOutputs(options.output ?? [DEFAULT_OUTPUT]);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const problem = unwritable(outputs.files);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  return runToExitCode(Effect.scoped(record(options, redacted(target, options), outputs, command)));
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

/** @param words of the command, as it is run; the target has them as they are shown. */
const record = Effect.fnUntraced(function* (
  options: RecordOptions,
  target: RecordTarget,
  outputs: ProfileOutputs,
  words: readonly string[],
) {
  const rootFrames = redactedFrames(
    rootFramesBy(options.groupBy, () => session.service(ProcessMetadata)),
    options,
  );
  const session = yield* openSession(sessionConfig(options, target, rootFrames));
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
  say(`recording ${describeTarget(target)} at ${options.frequency} Hz`);
  const toStdout = outputs.files.some(({ path }) => path === '-');
  // What the command prints must not get between the stacks.
  const stdout = toStdout && !isTerminal(STDOUT) ? 'stderr' : 'inherit';
  const command = argv && (yield* superviseCommand(session, argv, { stdout }));
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
  const recording = Effect.andThen(session.run, session.collect);
  // A command has the terminal for its own words. Not for longer: a summary follows, line by line.
  const collected = yield* command === undefined
    ? Effect.scoped(Effect.andThen(startProgress(profiler), recording))
    : recording;
  const side = sideOf(options);
  const shown = side === undefined ? collected : onlyFrames(collected, side);
  const written = yield* Effect.promise(() =>
    writeOutputs(outputs, shown, {
      withArguments: options.sendArguments === true,
      program: target.kind === 'command' ? target.argv[0] : undefined,
    }),
  );
  for (const problem of written.problems) say(problem);
  summarize(session, profiler, written, options);
  const counts = profiler.counts();
  for (const line of cpuStateLines(collected, counts, target.kind === 'host')) say(line);
  for (const line of [...summaryLines(shown), ...nameHintLines(shown)]) say(line);
  if (counts.foreign > 0 && target.kind === 'host') say(leftOut(`${counts.foreign} samples`));
  if (written.problems.length > 0) return FAILED;
  return command === undefined ? 0 : (yield* Effect.promise(() => command.ended)).exitCode;
});

/** What has ended is remembered until its last samples were taken in, and looked for so often. */
const CYCLE_MS = 250;

/** Of events that nobody prints: two seconds at 1,000 processes a second. */
const RING_BYTES = 1024 * 1024;

function sessionConfig(
  options: RecordOptions,
  target: RecordTarget,
  rootFrames: RootFrames,
): SessionConfig {
  const launcher = target.kind === 'command' ? { launcher: process.pid } : {};
  const profiler = cpuProfiler({
    cacheDirectory: defaultCacheDirectory(),
    frequencyHz: options.frequency,
    unwind: options.unwind,
    lines: options.lines === true,
    threads: options.groupBy === 'thread',
    idle: options.idle === true,
    rootFrames,
    ...launcher,
    ...(target.kind === 'command' ? { command: commandLine(target.argv) } : {}),
    ...(target.kind === 'processes' ? { pids: () => withDescendants(target.pids) } : {}),
  });
  return {
    trackProcessLifecycle: true,
    execDetail: false,
    ringBytes: RING_BYTES,
    cycleMs: CYCLE_MS,
    plugins: [processMetadata(), profiler, imageRetirement()],
    onPluginProblem: ({ message }) => say(`warning: ${message}`),
    ...launcher,
    ...(target.kind === 'processes' ? { pids: target.pids } : {}),
  };
}

function withDescendants(pids: readonly number[]): readonly number[] {
  const procfs = new RealProcfs();
  return pids.flatMap((pid) => [pid, ...existingDescendants(procfs, pid)]);
}

function sideOf({ user, kernel }: RecordOptions): Side | undefined {
  if (user) return 'user';
  return kernel ? 'kernel' : undefined;
}

function summarize(
  session: Session,
  profiler: ProfilerService,
  { where }: WriteResult,
  { unwind }: RecordOptions,
): void {
  const counts = profiler.counts();
  say(`${counts.stored} samples, ${counts.lost} lost; ${where}`);
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
  for (const line of unwindLines(counts, unwind)) say(line);
  for (const line of unreadLines(counts)) say(line);
  if (counts.userTruncated > 0)
    say(`${counts.userTruncated} samples had deeper stacks than the kernel records`);
  if (counts.otherSamples > 0)
    say(`${counts.otherSamples} samples are in [other]: there were too many different stacks`);
  for (const line of growthLines(counts)) say(line);
  for (const line of cpuChangeLines(counts.cpus)) say(line);
  if (counts.lostMappings > 0)
    say(
      `${counts.lostMappings} records of what is mapped were lost, and mappings read from /proc instead; programs that ended before may have frames without a name`,
    );
}
