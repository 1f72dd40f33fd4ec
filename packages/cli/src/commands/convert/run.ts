/**
 * `waggle convert`: reads one profile, or a recording of events, and writes it in other formats, or sends
 * the profile to a receiver. Needs no rights and no kernel.
 */

import { findValue } from '@waggle/formats';
import { recordingIn } from '../../event-files/event-input.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { noSuchValue, readProfile } from '../../profile-files/inputs.ts';
import { planOutputs, unwritable, writeOutputs } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';
import { convertEvents } from './convert-events.ts';
import type { ConvertOptions } from './options.ts';

export async function runConvert(
  input: string,
  paths: readonly string[],
  { sendArguments, sampleIndex }: ConvertOptions,
): Promise<number> {
  const recording = await recordingIn(input);
  if (typeof recording === 'string') {
    say(recording);
    return USAGE_ERROR;
  }
  if (recording !== undefined) return convertEvents(input, recording, paths);
  const outputs = planOutputs(paths);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const problem = unwritable(outputs.files);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  const profile = await readProfile(input);
  if ('problem' in profile) {
    say(profile.problem);
    return profile.exitCode;
  }
  const value = sampleIndex === undefined ? undefined : findValue(profile, sampleIndex);
  if (sampleIndex !== undefined && value === undefined) {
    say(noSuchValue(input, profile, sampleIndex));
    return USAGE_ERROR;
  }
  const sending = { withArguments: sendArguments === true, kept: input };
  const { problems } = await writeOutputs(outputs, profile, sending, value);
  for (const each of problems) say(each);
  return problems.length > 0 ? FAILED : 0;
}
