// Folded stacks as `waggle record` writes them: `frame;frame;... count`, root first.

export interface FoldedStack {
  readonly frames: readonly string[];
  readonly count: number;
}

/** @throws on a line that is not a stack and its count. */
export function parseFolded(text: string): FoldedStack[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const match = /^(.+) (\d+)$/.exec(line);
      if (match === null) throw new Error(`not a folded stack: ${JSON.stringify(line)}`);
      return { frames: (match[1] ?? '').split(';'), count: Number(match[2]) };
    });
}

/** Samples of the stacks that fit. */
export function samples(
  stacks: readonly FoldedStack[],
  fits: (stack: FoldedStack) => boolean = () => true,
): number {
  return stacks.filter(fits).reduce((sum, { count }) => sum + count, 0);
}

/** Samples with this frame anywhere. */
export function samplesWith(stacks: readonly FoldedStack[], frame: string): number {
  return samples(stacks, ({ frames }) => frames.includes(frame));
}

/** Samples whose stack has these frames, one right below the other. */
export function samplesUnder(stacks: readonly FoldedStack[], ...path: readonly string[]): number {
  return samples(stacks, ({ frames }) =>
    frames.some((_, at) => path.every((name, depth) => frames[at + depth] === name)),
  );
}
