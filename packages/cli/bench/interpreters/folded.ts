/** Stacks as profilers write them, a line each: `frame;frame;... count`, root first. */

export interface Stack {
  readonly frames: readonly string[];
  readonly count: number;
}

/** Also of py-spy, behind whose names stand file and line: `name (file:line)`. Lines that are no stack are left out. */
export function stacksOf(text: string): readonly Stack[] {
  return text.split('\n').flatMap((line) => {
    const [, frames, count] = /^(.+) (\d+)$/.exec(line) ?? [];
    if (frames === undefined) return [];
    const names = frames.split(';').map((name) => name.replace(/ \(\S+:\d+\)$/, ''));
    return [{ frames: names, count: Number(count) }];
  });
}

/**
 * Of `perf script -F ip,sym`: blocks of lines, the innermost frame first. What V8 writes into its perf map begins with
 * `JS:`, and a mark of how the code was compiled: `JS:*name file:line:column`.
 */
export function stacksOfPerf(text: string): readonly Stack[] {
  return text.split(/\n\s*\n/).map((block) => ({
    frames: block
      .split('\n')
      .map((line) => line.trim().replace(/^[0-9a-f]+ (?:JS:[~^*+']*(\S+) .*)?/, '$1'))
      .reverse(),
    count: 1,
  }));
}

/** Samples of the stacks that fit. */
export function samplesOf(
  stacks: readonly Stack[],
  fits: (frames: readonly string[]) => boolean = () => true,
): number {
  return stacks.filter(({ frames }) => fits(frames)).reduce((sum, { count }) => sum + count, 0);
}
