// Blacks out parts of command lines. A pattern is matched against the arguments joined by single
// spaces, so that `--password (\S+)` works however the program takes it; what its groups captured
// goes, or all that it matched if it has none.

export const REDACTED = '[redacted]';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** @param patterns as people write them; flags `g` and `d` are added. */
export function redactArguments(
  argv: readonly string[],
  patterns: readonly RegExp[],
): readonly string[] {
  const line = argv.join(' ');
  const secret = patterns.flatMap((pattern) => rangesOf(line, pattern));
  if (secret.length === 0) return argv;
  let at = 0;
  return argv.map((word) => {
    const start = at;
    at += word.length + 1;
    return redactWord(word, start, secret);
  });
}

function rangesOf(line: string, pattern: RegExp): Range[] {
  const flags = new Set([...pattern.flags, 'g', 'd']);
  flags.delete('y');
  const ranges: Range[] = [];
  for (const match of line.matchAll(new RegExp(pattern.source, [...flags].join('')))) {
    const [whole, ...groups] = match.indices ?? [];
    const captured = groups.filter((group) => group !== undefined);
    for (const range of captured.length > 0 ? captured : [whole])
      if (range !== undefined && range[1] > range[0])
        ranges.push({ start: range[0], end: range[1] });
  }
  return ranges;
}

function redactWord(word: string, start: number, secret: readonly Range[]): string {
  const end = start + word.length;
  const touching = secret
    .filter((range) => range.start < end && range.end > start)
    .map((range) => ({
      start: Math.max(range.start, start) - start,
      // A secret with a space in it must not show behind the space, where \S+ stopped.
      end:
        range.end < end && word[range.end - start] === ' '
          ? word.length
          : Math.min(range.end, end) - start,
    }))
    .sort((a, b) => a.start - b.start);
  let redacted = '';
  let shown = 0;
  for (const range of touching) {
    if (range.end <= shown) continue;
    redacted += word.slice(shown, Math.max(shown, range.start));
    if (!redacted.endsWith(REDACTED) || range.start > shown) redacted += REDACTED;
    shown = range.end;
  }
  return redacted + word.slice(shown);
}
