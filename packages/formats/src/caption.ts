/** What a picture of a profile says about it as a whole: its title, and what kinds of code it is of. */
import type { FrameKind, Profile, ProfileMetadata } from './profile.ts';

export const FRAME_KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

/** What was profiled, and where. */
export function titleOf({ command, host }: ProfileMetadata): string {
  const subject = command === undefined || command === '' ? 'whole system' : command;
  return host === '' ? subject : `${subject} on ${host}`;
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
