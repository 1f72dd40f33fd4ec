/**
 * Where the samples of one box of a flame graph were in the source. A box is a function, whichever of
 * its lines ran or called, so it has a range of lines.
 */
import type { ProfileFrame } from '../profile.ts';

export interface SourceRange {
  readonly file: string;
  /** 0 for both when no line is known. */
  readonly first: number;
  readonly last: number;
}

/** Functions of one name in several files: no range is true of them. */
export const SEVERAL_FILES = null;

/** The range with one more place. Whatever the order of places, their range is the same. */
export function widened(
  range: SourceRange | typeof SEVERAL_FILES | undefined,
  { file, line = 0 }: ProfileFrame,
): SourceRange | typeof SEVERAL_FILES | undefined {
  if (file === undefined || range === SEVERAL_FILES) return range;
  if (range === undefined) return { file, first: line, last: line };
  if (range.file !== file) return SEVERAL_FILES;
  if (line === 0 || (line >= range.first && line <= range.last && range.first > 0)) return range;
  return {
    file,
    first: range.first === 0 ? line : Math.min(range.first, line),
    last: Math.max(range.last, line),
  };
}

/** `file:12`, `file:12-18`, or the file alone. */
export function textOf({ file, first, last }: SourceRange): string {
  if (last === 0) return file;
  return first === last ? `${file}:${first}` : `${file}:${first}-${last}`;
}
