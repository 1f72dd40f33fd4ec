/**
 * Folded stacks, the line format of Brendan Gregg's FlameGraph tools: `root;caller;leaf count`.
 * Nearly every flame graph tool reads it (FlameGraph, inferno, speedscope), and so do grep and awk.
 */
import type { OutputFormat } from '../format.ts';
import type { Profile } from '../profile.ts';
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

/** Folded stacks say nothing of where and when they were sampled. */
function parseFoldedFile(bytes: Uint8Array): Profile {
  const { stacks, samples } = parseFolded(new TextDecoder().decode(bytes));
  const startTime = new Date(Number.NaN);
  const unknown = { host: '', frequencyHz: 0, startTime, durationSeconds: 0, lostSamples: 0 };
  return { stacks, metadata: { ...unknown, samples } };
}
