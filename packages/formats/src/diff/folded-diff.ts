/**
 * Folded stacks with two counts, before and after: what FlameGraph's difffolded.pl writes and its
 * flamegraph.pl draws, red where a stack grew and blue where it shrank.
 */
import { foldStack } from '../folded/encode.ts';
import type { ProfileDiff } from './differences.ts';

/** `root;caller;leaf before after` a line, in code-unit order. Names as in `encodeFolded`. */
export function encodeFoldedDiff({ stacks }: Pick<ProfileDiff, 'stacks'>): string {
  const lines = new Map<string, { before: number; after: number }>();
  for (const { frames, before, after } of stacks) {
    const line = foldStack(frames);
    const known = lines.get(line);
    if (known === undefined) lines.set(line, { before, after });
    else {
      known.before += before;
      known.after += after;
    }
  }
  return [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, { before, after }]) => `${line} ${before} ${after}\n`)
    .join('');
}
