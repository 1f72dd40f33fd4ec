/** `waggle history profile`: the profile of a span to files. */

import { hostname } from 'node:os';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { planOutputs, unwritable, writeOutputs } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';
import type { HistoryProfileOptions } from './options.ts';
import { sayWhatIsKept, withStore } from './with-store.ts';

export async function runHistoryProfile(options: HistoryProfileOptions): Promise<number> {
  const outputs = planOutputs(options.output ?? ['-']);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const unreachable = unwritable(outputs.files);
  if (unreachable !== undefined) {
    say(unreachable);
    return FAILED;
  }
  const { since, until, pid, comm } = options;
  return withStore(options.store, async (store) => {
    const profile = store.profile({ sinceNs: since, untilNs: until, pid, comm }, hostname());
    if (profile === undefined || profile.stacks.length === 0) {
      sayWhatIsKept(store, 'nothing was sampled then');
      return FAILED;
    }
    const { samples, durationSeconds } = profile.metadata;
    const { problems, where } = await writeOutputs(outputs, profile, { withArguments: false });
    for (const problem of problems) say(problem);
    if (!(options.output ?? ['-']).includes('-'))
      say(`${samples} samples of ${Math.round(durationSeconds)} s; ${where}`);
    return problems.length > 0 ? FAILED : 0;
  });
}
