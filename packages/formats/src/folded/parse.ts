/**
 * Reads folded stacks, ours and other tools'. The format has no field for what a frame is, so the
 * kind follows the conventions of the FlameGraph tools: `_[k]` marks a kernel function, brackets
 * with an offset or "unknown" a function without a symbol, and the first frame names the process.
 * As those tools do, it leaves out what is no stack and goes on; what it left out, it says.
 */

import { linesOf } from '../lines.ts';
import { MemoryBudget } from '../memory-budget.ts';
import type { FrameKind, ProfileFrame, ProfileStack } from '../profile.ts';
import { KERNEL_SUFFIX, NUMBER_SPACE, UNKNOWN_FRAME } from './encode.ts';

/** What a folded file holds: the stacks and their sum, but no metadata. */
export interface FoldedProfile {
  readonly stacks: readonly ProfileStack[];
  /** The sum of all counts. */
  readonly samples: number;
  /** What was left out or changed, in words; absent when nothing was. */
  readonly warnings?: readonly string[];
  /** How many lines were left out; absent without warnings. */
  readonly badLines?: number;
}

/** A text without a single folded stack; `line`, from 1 on, is the first that should be one. */
export class FoldedSyntaxError extends Error {
  override readonly name = 'FoldedSyntaxError';
  readonly code = 'FOLDED_SYNTAX';
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`no folded stacks: line ${line}: ${reason}`);
    this.line = line;
  }
}

const UNRESOLVED = /^\[(?:unknown|.*\+0x[0-9a-f]+)\]$/i;

function parseFrame(text: string, isRoot: boolean): ProfileFrame {
  if (text === '') return { name: UNKNOWN_FRAME, kind: 'unresolved' };
  if (text.endsWith(KERNEL_SUFFIX)) {
    return { name: text.slice(0, -KERNEL_SUFFIX.length), kind: 'kernel' };
  }
  let kind: FrameKind = isRoot ? 'process' : 'user';
  if (UNRESOLVED.test(text)) kind = 'unresolved';
  return { name: text, kind };
}

interface CountedLine {
  readonly number: number;
  /** Without the count and the one space before it. */
  readonly stack: string;
  readonly count: number;
}

const COUNT = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/** The line, or why it is none. */
function countedLine(line: string, number: number): CountedLine | string {
  const space = Math.max(line.lastIndexOf(' '), line.lastIndexOf('\t'));
  if (space < 0) return 'a stack, a space and a count are expected';
  const digits = line.slice(space + 1);
  if (!COUNT.test(digits)) return 'a count is expected after the last space';
  const count = Number(digits);
  if (count < 0) return `the count is ${digits}, which is below 0`;
  if (count > Number.MAX_SAFE_INTEGER) return `the count ${digits} is beyond 2^53`;
  return { number, stack: line.slice(0, space), count };
}

/**
 * The stacks of a folded text, those that read the same apart. Blank lines and comments (`#`) are
 * skipped, a byte order mark, CRLF and semicolons at the end are accepted, and spaces inside names
 * are kept: the count is what follows the last space. Where all lines have two counts, as
 * difffolded.pl writes them, the second is taken. Fractions are added up for each stack, then rounded.
 *
 * @throws FoldedSyntaxError when there are lines, and none is a stack with a count.
 */
export function parseFolded(
  text: string,
  budget: MemoryBudget = new MemoryBudget(text.length),
): FoldedProfile {
  const counted: CountedLine[] = [];
  let bad = 0;
  let firstBad: { line: number; reason: string } | undefined;
  let number = 0;
  for (const raw of linesOf(text.replace(/^\uFEFF/, ''))) {
    number++;
    const line = raw.replace(/[ \t\r]+$/, '');
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const read = countedLine(line, number);
    if (typeof read !== 'string') {
      budget.rows(2, 'its lines');
      counted.push(read);
    } else {
      bad++;
      firstBad ??= { line: number, reason: read };
    }
  }
  if (counted.length === 0 && firstBad !== undefined)
    throw new FoldedSyntaxError(firstBad.line, firstBad.reason);
  const second = withoutFirstCount(counted);
  const { stacks, samples, rounded, vanished } = stacksOf(second ?? counted, budget);
  const warnings = [
    ...(firstBad === undefined ? [] : [badLines(bad, bad + counted.length, firstBad)]),
    ...(second === undefined ? [] : ['lines have two counts: the second is taken']),
    ...(rounded === 0
      ? []
      : [
          `counts are whole samples: the fractions of ${stacksText(rounded)} were rounded` +
            (vanished > 0 ? `, and ${vanished} of them came to nothing` : ''),
        ]),
  ];
  return { stacks, samples, ...(warnings.length > 0 ? { warnings, badLines: bad } : {}) };
}

function stacksText(count: number): string {
  return count === 1 ? '1 stack' : `${count} stacks`;
}

function badLines(bad: number, of: number, first: { line: number; reason: string }): string {
  const lines = bad === 1 ? 'is no folded stack and was' : 'are no folded stacks and were';
  return `${bad} of ${of} lines ${lines} left out; the first is line ${first.line}: ${first.reason}`;
}

/** The same lines with what is left of two counts; `undefined` when one of them has one only. */
function withoutFirstCount(lines: readonly CountedLine[]): CountedLine[] | undefined {
  const others: CountedLine[] = [];
  for (const { number, stack, count } of lines) {
    const first = countedLine(stack.trimEnd(), number);
    if (typeof first === 'string' || first.stack.trim() === '') return undefined;
    others.push({ number, stack: first.stack, count });
  }
  return others.length > 0 ? others : undefined;
}

const NUMBER_AT_END = new RegExp(`${NUMBER_SPACE}([\\d.eE+-]+)$`);

function stacksOf(lines: readonly CountedLine[], budget: MemoryBudget) {
  const roots = new Map<string, ProfileFrame>();
  const others = new Map<string, ProfileFrame>();
  const frameOf = (name: string, index: number): ProfileFrame => {
    const known = index === 0 ? roots : others;
    let frame = known.get(name);
    if (frame === undefined) {
      frame = parseFrame(name, index === 0);
      budget.frame(frame);
      known.set(name, frame);
    }
    return frame;
  };
  const sums = lines.every(({ count }) => Number.isInteger(count)) ? lines : summed(lines);
  let samples = 0;
  let rounded = 0;
  let vanished = 0;
  const stacks: ProfileStack[] = [];
  for (const { stack, count: sum } of sums) {
    const count = Math.round(sum);
    if (Math.abs(count - sum) > 1e-9 * Math.max(1, sum)) rounded++;
    if (count === 0 && sum > 0) {
      vanished++;
      continue;
    }
    const names = stack.replace(/;+$/, '').replace(NUMBER_AT_END, ' $1');
    // py-spy writes a stack of nothing for a thread that has none.
    const frames = names.trim() === '' ? [] : names.split(';').map(frameOf);
    budget.stack(frames.length);
    stacks.push({ frames, count });
    samples += count;
  }
  return { stacks, samples, rounded, vanished };
}

function summed(lines: readonly CountedLine[]): { stack: string; count: number }[] {
  const sums = new Map<string, number>();
  for (const { stack, count } of lines) sums.set(stack, (sums.get(stack) ?? 0) + count);
  return [...sums].map(([stack, count]) => ({ stack, count }));
}
