/** What a picture of a profile says about it as a whole: its title, and what kinds of code it is of. */

import type { FrameKind, Profile, ProfileMetadata } from '../profile.ts';
import { formatCount, formatValue } from '../value-text.ts';
import { valueUnit } from '../value-unit.ts';
import { SAMPLES } from '../values.ts';

export const FRAME_KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

/** What was profiled, and where. */
export function titleOf({ command, target, host }: ProfileMetadata): string {
  const subject = command || target || 'whole system';
  return host === '' ? subject : `${subject} on ${host}`;
}

/** When the recording began, to the second; a Date may be invalid, which is no reason to lose the profile. */
export function startText({ startTime }: ProfileMetadata): string | undefined {
  if (Number.isNaN(startTime.getTime())) return undefined;
  return `${startTime.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Samples by the kind of their leaf: where the CPU was when the sample was taken. */
export function samplesByLeaf({ stacks }: Pick<Profile, 'stacks'>): Map<FrameKind, number> {
  const samples = new Map<FrameKind, number>();
  for (const { frames, count } of stacks) {
    const kind = frames.at(-1)?.kind ?? 'unresolved';
    samples.set(kind, (samples.get(kind) ?? 0) + count);
  }
  return samples;
}

/**
 * How much there is of what is shown: `100 samples`, `12 s of cpu`; of times and sizes also how many
 * samples they are made of, where that is known.
 */
export function amountOf({ metadata, values }: Profile, total: number): string {
  const { samples } = metadata;
  if (values === undefined)
    return `${formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}`;
  const type = values.types[values.shown] ?? SAMPLES;
  const unit = valueUnit(type);
  const amount = formatValue(total, unit);
  const named =
    unit.steps === undefined ? amount : `${amount} of ${type.type.replaceAll('_', ' ')}`;
  return samples > 0 && type.type !== SAMPLES.type
    ? `${named} \u00b7 ${formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}`
    : named;
}
