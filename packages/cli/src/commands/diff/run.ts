// `waggle diff`: reads two profiles and says what changed. Needs no rights and no kernel.

import { basename } from 'node:path';
import { stringifyJson } from '@waggle/core';
import { diffProfiles, type ProfileDiff } from '@waggle/formats';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { planDiffOutputs, writeDiffOutputs } from '../../profile-files/diff-outputs.ts';
import { readProfile } from '../../profile-files/inputs.ts';
import { unwritable } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { palette } from '../../terminal/text.ts';
import type { DiffOptions } from './options.ts';
import { changesTable } from './table.ts';

export async function runDiff(
  beforePath: string,
  afterPath: string,
  options: DiffOptions,
): Promise<number> {
  const outputs = planDiffOutputs(options.output ?? []);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const unreachable = unwritable(outputs);
  if (unreachable !== undefined) {
    say(unreachable);
    return FAILED;
  }
  const before = await readProfile(beforePath);
  const after = await readProfile(afterPath);
  for (const read of [before, after])
    if ('problem' in read) {
      say(read.problem);
      return read.exitCode;
    }
  if ('problem' in before || 'problem' in after) return FAILED;
  const diff = diffProfiles(before, after);
  if (diff.samples.before === 0 || diff.samples.after === 0) {
    say(`${diff.samples.before === 0 ? beforePath : afterPath} has no samples to compare`);
    return FAILED;
  }
  const problems = await writeDiffOutputs(outputs, diff, {
    title: `${basename(beforePath)} \u2192 ${basename(afterPath)}`,
    before: before.metadata,
    after: after.metadata,
    sizeBy: options.sizeBy,
  });
  for (const problem of problems) say(problem);
  const text = options.json
    ? json(diff)
    : changesTable(diff, options, palette(process.stdout.isTTY));
  await new Output().write(text);
  return problems.length > 0 ? FAILED : 0;
}

function json({ samples, functions }: ProfileDiff): string {
  const rows = functions.map(({ frame: { name, kind, object }, self, total }) => {
    return { name, kind, ...(object === undefined ? {} : { object }), self, total };
  });
  return `${stringifyJson({ samples, functions: rows }, 2)}\n`;
}
