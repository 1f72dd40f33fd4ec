/**
 * Blacks out parts of command lines. A pattern is matched against the arguments joined by single
 * spaces, so that `--password (\S+)` works however the program takes it; what its groups captured
 * goes, or all that it matched if it has none.
 *
 * White space in an argument must not save what stands behind it. So `.` takes line ends too; each
 * pattern is also tried with every run of white space in an argument as one space (a tab between
 * option and value, a value that begins with a newline); and where a match ends at white space
 * inside an argument, the rest of that argument goes with it. A pattern with `^` or `$` is tried on each
 * argument by itself as well: whoever writes one may mean either. With the flag `m` they are those of lines.
 */

export const REDACTED = '[redacted]';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The arguments as one text, and where each of its characters stands in the joined arguments. */
interface Line {
  readonly text: string;
  /** Undefined where it is the joined arguments themselves. */
  readonly origin: ((index: number) => number) | undefined;
}

export interface RedactOptions {
  /** Which arguments lack their end: nobody can tell what stands in them, so all of each goes. */
  readonly isCut?: ((index: number) => boolean) | undefined;
}

/** @param patterns as people write them; flags `g`, `d` and `s` are added. */
export function redactArguments(
  argv: readonly string[],
  patterns: readonly RegExp[],
  { isCut = () => false }: RedactOptions = {},
): readonly string[] {
  if (patterns.length === 0) return argv;
  const { anchored } = listOf(patterns);
  const joined = argv.join(' ');
  const secret: Range[] = [];
  for (const line of linesOf(argv, joined)) addRanges(secret, line, patterns);
  if (anchored.length > 0 && argv.length > 1)
    for (const line of wordsOf(argv)) addRanges(secret, line, anchored);
  if (secret.length === 0 && !argv.some((_, index) => isCut(index))) return argv;
  let at = 0;
  return argv.map((word, index) => {
    const start = at;
    at += word.length + 1;
    return isCut(index) ? REDACTED : redactWord(word, start, secret);
  });
}

/** A text that is no list of arguments: a path, a name, a variable of the environment. */
export function redactText(text: string, patterns: readonly RegExp[]): string {
  return redactArguments([text], patterns)[0] ?? '';
}

const UNUSUAL_SPACE = /[^\S ]|^\s| {2}/;

function linesOf(argv: readonly string[], joined: string): Line[] {
  const whole: Line = { text: joined, origin: undefined };
  return argv.some((word) => UNUSUAL_SPACE.test(word)) ? [whole, collapsed(argv)] : [whole];
}

/** Each argument by itself. */
function wordsOf(argv: readonly string[]): Line[] {
  let at = 0;
  return argv.map((text) => {
    const start = at;
    at += text.length + 1;
    return { text, origin: (index) => start + index };
  });
}

/** Runs of white space as one space, and none at an argument's beginning. */
function collapsed(argv: readonly string[]): Line {
  let text = '';
  const origin: number[] = [];
  let at = 0;
  for (const [index, word] of argv.entries()) {
    if (index > 0) {
      text += ' ';
      origin.push(at - 1);
    }
    for (const { 0: part, index: offset } of word.matchAll(/\s+|\S+/g)) {
      const isSpace = /^\s/.test(part);
      if (isSpace && offset === 0) continue;
      const kept = isSpace ? ' ' : part;
      for (let next = 0; next < kept.length; next++) origin.push(at + offset + next);
      text += kept;
    }
    at += word.length + 1;
  }
  return { text, origin: (index) => origin[index] ?? index };
}

/** A list of patterns, as it is used for each command line of a host. */
interface PatternList {
  /** Those that mean each argument by itself as well. */
  readonly anchored: readonly RegExp[];
}

const LISTS = new WeakMap<readonly RegExp[], PatternList>();

function listOf(patterns: readonly RegExp[]): PatternList {
  const known = LISTS.get(patterns);
  if (known !== undefined) return known;
  const isAnchored = ({ source, multiline }: RegExp) => !multiline && /[$^]/.test(source);
  const list = { anchored: patterns.filter(isAnchored) };
  LISTS.set(patterns, list);
  return list;
}

interface Compiled {
  /** Says whether there is anything, for a tenth of what it costs to say where. */
  readonly quick: RegExp;
  readonly search: RegExp;
}

/** An expression is compiled when it is first used: to compile it costs more than to try it. */
const COMPILED = new WeakMap<RegExp, Compiled>();

function compiledOf(pattern: RegExp): Compiled {
  const known = COMPILED.get(pattern);
  if (known !== undefined) return known;
  const flags = new Set([...pattern.flags, 's']);
  for (const flag of 'gyd') flags.delete(flag);
  const compiled = {
    quick: new RegExp(pattern.source, [...flags].join('')),
    search: new RegExp(pattern.source, [...flags, 'g', 'd'].join('')),
  };
  COMPILED.set(pattern, compiled);
  return compiled;
}

function addRanges(ranges: Range[], line: Line, patterns: readonly RegExp[]): void {
  for (const pattern of patterns) {
    const { quick, search } = compiledOf(pattern);
    if (quick.test(line.text)) addMatches(ranges, line, search);
  }
}

function addMatches(ranges: Range[], { text, origin }: Line, search: RegExp): void {
  search.lastIndex = 0;
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const [whole, ...groups] = match.indices ?? [];
    const captured = groups.filter((group) => group !== undefined);
    const secrets = captured.length > 0 ? captured : [whole];
    for (const range of secrets) {
      if (range === undefined || range[1] <= range[0]) continue;
      ranges.push({
        start: origin?.(range[0]) ?? range[0],
        end: (origin?.(range[1] - 1) ?? range[1] - 1) + 1,
      });
    }
    // What a group took may itself be the option that announces the secret (`-p -p secret`).
    const from = Math.min(...captured.map(([start]) => start));
    if (from > match.index && from < search.lastIndex) search.lastIndex = from;
    else if (match[0] === '') search.lastIndex++;
  }
}

function redactWord(word: string, start: number, secret: readonly Range[]): string {
  const end = start + word.length;
  const touching = secret
    .filter((range) => range.start < end && range.end > start)
    .map((range) => ({
      start: startInside(word, range.start - start),
      end: endInside(word, range.end - start),
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

/** White space at the beginning of an argument is a part of the value. */
function startInside(word: string, start: number): number {
  return start <= 0 || word.slice(0, start).trim() === '' ? 0 : start;
}

/** White space there is where the pattern stopped, not where the secret does. */
function endInside(word: string, end: number): number {
  return end < word.length && !/\s/.test(word[end] ?? '') ? end : word.length;
}
