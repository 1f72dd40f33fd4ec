/** `waggle history profile --compare A..B`: what changed from that span to the one that is asked for, as `waggle diff` says it. */

import { hostname } from 'node:os';
import { diffProfiles } from '@waggle/formats';
import type { StoreReader } from '@waggle/store';
import { FAILED } from '../../exit-code.ts';
import { diffOutputsFor, writeDiffOutputs } from '../../profile-files/diff-outputs.ts';
import { momentText } from '../../store/moment.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { palette } from '../../terminal/text.ts';
import { DEFAULT_TOP } from '../diff/options.ts';
import { changesTable } from '../diff/table.ts';
import type { HistoryProfileOptions, Span } from './options.ts';
import { sayWhatIsKept, withStore } from './with-store.ts';

export async function runComparison(options: HistoryProfileOptions, before: Span): Promise<number> {
  const outputs = diffOutputsFor(options.output);
  if (typeof outputs === 'number') return outputs;
  const { since, until } = options;
  return withStore(options.store, async (store) => {
    const profiles = [before, { since, until }].map((span) => profileOf(store, options, span));
    const [first, second] = profiles;
    if (first === undefined || second === undefined) {
      sayWhatIsKept(store, `nothing was sampled ${first === undefined ? 'in' : 'after'} --compare`);
      return FAILED;
    }
    const diff = diffProfiles(first, second);
    const problems = await writeDiffOutputs(outputs, diff, {
      title: `${spanText(before)} \u2192 ${spanText({ since, until })}`,
      before: first.metadata,
      after: second.metadata,
      sizeBy: 'after',
    });
    for (const problem of problems) say(problem);
    await new Output().write(
      changesTable(diff, { top: DEFAULT_TOP }, palette(process.stdout.isTTY)),
    );
    return problems.length > 0 ? FAILED : 0;
  });
}

type AnySpan = Pick<HistoryProfileOptions, 'since' | 'until'>;

function profileOf(store: StoreReader, { pid, comm }: HistoryProfileOptions, span: AnySpan) {
  const { since: sinceNs, until: untilNs } = span;
  const profile = store.profile({ sinceNs, untilNs, pid, comm }, hostname());
  return profile === undefined || profile.stacks.length === 0 ? undefined : profile;
}

function spanText({ since, until }: AnySpan): string {
  const text = (ns: bigint | undefined) => (ns === undefined ? '' : momentText(ns));
  return `${text(since)} .. ${text(until)}`;
}
