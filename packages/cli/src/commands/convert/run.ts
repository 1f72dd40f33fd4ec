// `waggle convert`: reads one profile and writes it in other formats. Needs no rights and no kernel.

import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { readProfile } from '../../profile-files/inputs.ts';
import { planOutputs, unwritable, writeOutputs } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';

export async function runConvert(input: string, paths: readonly string[]): Promise<number> {
  const outputs = planOutputs(paths);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const problem = unwritable(outputs);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  const profile = await readProfile(input);
  if ('problem' in profile) {
    say(profile.problem);
    return profile.exitCode;
  }
  const problems = await writeOutputs(outputs, profile);
  for (const each of problems) say(each);
  return problems.length > 0 ? FAILED : 0;
}
