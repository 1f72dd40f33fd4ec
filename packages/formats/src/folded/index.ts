/**
 * Folded stacks, the line format of Brendan Gregg's FlameGraph tools: `root;caller;leaf count`.
 * Nearly every flame graph tool reads it (FlameGraph, inferno, speedscope), and so do grep and awk.
 */
import type { OutputFormat } from '../format.ts';
import { encodeFolded } from './encode.ts';

export { encodeFolded } from './encode.ts';
export { type FoldedProfile, FoldedSyntaxError, parseFolded } from './parse.ts';

export const foldedFormat: OutputFormat = {
  name: 'folded',
  extensions: ['.folded', '.collapsed'],
  mediaType: 'text/plain; charset=utf-8',
  encode: encodeFolded,
};
