/**
 * Folded stacks, the line format of Brendan Gregg's FlameGraph tools: `root;caller;leaf count`.
 * Nearly every flame graph tool reads it (FlameGraph, inferno, speedscope), and so do grep and awk.
 */

import { textOf, unpacked } from '../file-bytes.ts';
import type { OutputFormat, ParsedProfile } from '../format.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { encodeFolded } from './encode.ts';
import { parseFolded } from './parse.ts';

export { encodeFolded } from './encode.ts';
export { type FoldedProfile, FoldedSyntaxError, parseFolded } from './parse.ts';

export const foldedFormat: OutputFormat = {
  name: 'folded',
  extensions: ['.folded', '.collapsed'],
  mediaType: 'text/plain; charset=utf-8',
  counts: true,
  encode: encodeFolded,
  parse: parseFoldedFile,
};

export interface FoldedFile extends ParsedProfile {
  /** How many lines were left out, where something was. */
  readonly badLines?: number;
}

/** Folded stacks say nothing of where and when they were sampled. */
function parseFoldedFile(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): FoldedFile {
  return foldedProfile(textOf(unpacked(bytes, budget)), budget);
}

/** The same, of text. */
export function foldedProfile(text: string, budget: MemoryBudget): FoldedFile {
  const { stacks, samples, warnings, badLines } = parseFolded(text, budget);
  const startTime = new Date(Number.NaN);
  const unknown = { host: '', frequencyHz: 0, startTime, durationSeconds: 0, lostSamples: 0 };
  const profile = { stacks, metadata: { ...unknown, samples } };
  return warnings === undefined ? profile : { ...profile, warnings, badLines: badLines ?? 0 };
}
