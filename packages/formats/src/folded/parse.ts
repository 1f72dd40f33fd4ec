/**
 * Reads folded stacks, ours and other tools'. The format has no field for what a frame is, so the
 * kind follows the conventions of the FlameGraph tools: `_[k]` marks a kernel function, brackets
 * with an offset or "unknown" a function without a symbol, and the first frame names the process.
 */
import type { FrameKind, ProfileFrame, ProfileStack } from '../profile.ts';
import { KERNEL_SUFFIX } from './encode.ts';

/** What a folded file holds: the stacks and their sum, but no metadata. */
export interface FoldedProfile {
  readonly stacks: readonly ProfileStack[];
  /** The sum of all counts. */
  readonly samples: number;
}

/** A line that is no folded stack; `line` counts from 1. */
export class FoldedSyntaxError extends Error {
  override readonly name = 'FoldedSyntaxError';
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`folded stacks, line ${line}: ${reason}`);
    this.line = line;
  }
}

const UNRESOLVED = /^\[(?:unknown|.*\+0x[0-9a-f]+)\]$/i;

function parseFrame(text: string, isRoot: boolean): ProfileFrame {
  if (text.endsWith(KERNEL_SUFFIX)) {
    return { name: text.slice(0, -KERNEL_SUFFIX.length), kind: 'kernel' };
  }
  let kind: FrameKind = isRoot ? 'process' : 'user';
  if (UNRESOLVED.test(text)) kind = 'unresolved';
  return { name: text, kind };
}

/**
 * The stacks of a folded file in the order of its lines. Blank lines are skipped, CRLF is accepted,
 * and spaces inside names are kept: the count is what follows the last space.
 *
 * @throws FoldedSyntaxError at the first line without a stack or without a whole-number count.
 */
export function parseFolded(text: string): FoldedProfile {
  const stacks: ProfileStack[] = [];
  const roots = new Map<string, ProfileFrame>();
  const others = new Map<string, ProfileFrame>();
  let samples = 0;
  let lineNumber = 0;
  for (const raw of text.split('\n')) {
    lineNumber++;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.trim() === '') continue;
    const space = line.lastIndexOf(' ');
    const digits = line.slice(space + 1);
    const count = Number(digits);
    if (space < 0 || !/^[0-9]+$/.test(digits) || !Number.isSafeInteger(count)) {
      throw new FoldedSyntaxError(lineNumber, 'expected a whole number of samples after a space');
    }
    if (space === 0) throw new FoldedSyntaxError(lineNumber, 'expected a stack before the count');
    const frames = line
      .slice(0, space)
      .split(';')
      .map((name, index) => {
        const known = index === 0 ? roots : others;
        let frame = known.get(name);
        if (frame === undefined) {
          frame = parseFrame(name, index === 0);
          known.set(name, frame);
        }
        return frame;
      });
    stacks.push({ frames, count });
    samples += count;
  }
  return { stacks, samples };
}
