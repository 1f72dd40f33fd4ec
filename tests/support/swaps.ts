// What is known of a recording of the workloads swap_one and swap_two, which execute each other in one
// process: each has a function of its own, at the same address.

import { type FoldedStack, samples } from './folded.ts';

/** Samples of one program with the name of the other's function. */
export function misnamedSwaps(stacks: readonly FoldedStack[]): number {
  return samples(
    stacks,
    ({ frames }) =>
      (frames[0] === 'swap_one' && frames.includes('only_in_two')) ||
      (frames[0] === 'swap_two' && frames.includes('only_in_one')),
  );
}
