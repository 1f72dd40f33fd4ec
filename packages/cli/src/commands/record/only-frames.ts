/**
 * `--user` and `--kernel`: one side of every stack. With --user a sample in the kernel counts for the
 * function that called it; with --kernel what never entered the kernel is left out.
 */

import type { Profile, ProfileStack } from '@waggle/formats';
import type { RecordOptions } from './options.ts';

export type Side = 'user' | 'kernel';

export function sideOf({ user, kernel }: RecordOptions): Side | undefined {
  if (user) return 'user';
  return kernel ? 'kernel' : undefined;
}

export function onlyFrames(profile: Profile, side: Side): Profile {
  const stacks = profile.stacks.flatMap((stack): ProfileStack[] => {
    const inKernel = stack.frames.some(({ kind }) => kind === 'kernel');
    if (side === 'kernel' && !inKernel) return [];
    const frames = stack.frames.filter(
      ({ kind }) => kind === 'process' || (kind === 'kernel') === (side === 'kernel'),
    );
    return [{ ...stack, frames }];
  });
  const samples = stacks.reduce((sum, { count }) => sum + count, 0);
  return { stacks, metadata: { ...profile.metadata, samples } };
}
