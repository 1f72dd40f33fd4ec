/** `waggle diff`: reads two profiles and says what changed. Needs no rights and no kernel. */

import { basename } from 'node:path';
import {
  type ComparableProfiles,
  comparableProfiles,
  diffProfiles,
  findValue,
  type Profile,
  type ProfileDiff,
  shownType,
  showValue,
} from '@waggle/formats';
import { printable, stringifyJson } from '@waggle/text';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { diffOutputsFor, writeDiffOutputs } from '../../profile-files/diff-outputs.ts';
import { noSuchValue, readProfile, type UnreadableProfile } from '../../profile-files/inputs.ts';
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
  const outputs = diffOutputsFor(options.output);
  if (typeof outputs === 'number') return outputs;
  const compared = await readComparable(beforePath, afterPath, options.sampleIndex);
  if ('problem' in compared) {
    say(compared.problem);
    return compared.exitCode;
  }
  const { before, after, note } = compared;
  if (note !== undefined) say(printable(note));
  let diff: ProfileDiff;
  try {
    diff = diffProfiles(before, after);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    say(`the profiles cannot be compared: ${printable(error.message)}`);
    return FAILED;
  }
  if (diff.totals.before === 0 || diff.totals.after === 0) {
    say(
      `${printable(diff.totals.before === 0 ? beforePath : afterPath)} has no samples to compare`,
    );
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

/** Both profiles, showing a value that they have in common, or why there is nothing to compare. */
async function readComparable(
  beforePath: string,
  afterPath: string,
  sampleIndex: string | undefined,
): Promise<ComparableProfiles | UnreadableProfile> {
  if (beforePath === '-' && afterPath === '-')
    return { problem: 'standard input can be one of the two profiles', exitCode: USAGE_ERROR };
  const chosen: Profile[] = [];
  for (const path of [beforePath, afterPath]) {
    const profile = await readProfile(path);
    if ('problem' in profile) return profile;
    const value = sampleIndex === undefined ? undefined : findValue(profile, sampleIndex);
    if (sampleIndex !== undefined && value === undefined)
      return { problem: noSuchValue(path, profile, sampleIndex), exitCode: USAGE_ERROR };
    chosen.push(value === undefined ? profile : showValue(profile, value));
  }
  const [before, after] = chosen as [Profile, Profile];
  const compared = comparableProfiles(before, after);
  if (compared !== undefined) return compared;
  const problem =
    `${printable(beforePath)} is in ${printable(shownType(before).unit)} and ${printable(afterPath)} ` +
    `in ${printable(shownType(after).unit)}: they have no value of one unit to compare`;
  return { problem, exitCode: FAILED };
}

function json({ totals, type, functions }: ProfileDiff): string {
  const { taken, ...total } = totals;
  const rows = functions.map(({ frame: { name, kind, object }, self, total: all }) => {
    return { name, kind, object, self, total: all };
  });
  const about = taken === undefined ? { samples: total } : { samples: taken, total, value: type };
  return `${stringifyJson({ ...about, functions: rows }, 2)}\n`;
}
