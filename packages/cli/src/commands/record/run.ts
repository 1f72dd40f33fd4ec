/**
 * `waggle record`: what was asked for, or why it cannot be; then the recording.
 */

import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { chosenCgroups } from '../../options/chosen-cgroups.ts';
import { filePerEvent, planOutputs, unwritable } from '../../profile-files/outputs.ts';
import { runToExitCode } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { chooseCounted } from './counted.ts';
import { scopeOf } from './events.ts';
import { rootFramesBy } from './grouping.ts';
import { listProbes } from './list-probes.ts';
import { whyNoOffCpu } from './off-cpu.ts';
import { sideOf } from './only-frames.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';
import { record } from './recording.ts';
import { redactedFrames, redactedTarget } from './redacted.ts';
import { chooseTarget, cpuMistake } from './targets.ts';
import { isTraceFile, whyNoTrace } from './trace-file.ts';
import { openTraceFiles } from './trace-recording.ts';
import { goesWithoutBpf, recordWithoutBpf } from './without-bpf.ts';

/** @returns the exit code */
export async function runRecord(
  options: RecordOptions,
  command: readonly string[],
): Promise<number> {
  const target = chooseTarget(options, command);
  if (target.kind === 'mistake') return refused(target.message, USAGE_ERROR);
  if (options.listProbes !== undefined) return listProbes(options.listProbes, target, command);
  using scope = scopeOf(target, command);
  const counted = chooseCounted(options, scope);
  if (typeof counted === 'string') return refused(counted, USAGE_ERROR);
  const wrong = cpuMistake(options);
  if (wrong !== undefined) return refused(wrong, USAGE_ERROR);
  const cgroups = chosenCgroups(options);
  if (typeof cgroups === 'string') return refused(cgroups, USAGE_ERROR);
  const { output = [DEFAULT_OUTPUT] } = options;
  const traces = output.filter(isTraceFile);
  const noTrace = traces.length === 0 ? undefined : whyNoTrace(counted);
  if (noTrace !== undefined) return refused(noTrace, USAGE_ERROR);
  const planned = planOutputs(output.filter((path) => !isTraceFile(path)));
  const outputs =
    typeof planned === 'string' ? planned : filePerEvent(planned, counted.events.names);
  if (typeof outputs === 'string') return refused(outputs, USAGE_ERROR);
  const impossible = counted.offCpu && whyNoOffCpu();
  if (impossible !== undefined) return refused(impossible, FAILED);
  const problem = unwritable([...outputs.files, ...traces.map((path) => ({ path }))]);
  if (problem !== undefined) return refused(problem, FAILED);
  const shown = redactedTarget(target, options);
  const traceFiles = openTraceFiles(traces, options.frequency);
  if (typeof traceFiles === 'string') return refused(traceFiles, FAILED);
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

function refused(why: string, exitCode: number): number {
  say(why);
  return exitCode;
}
