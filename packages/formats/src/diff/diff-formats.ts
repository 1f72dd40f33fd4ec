/** The file formats of a difference, chosen by extension as those of a profile are. */
import { encodeHtmlDiff } from '../html/encode.ts';
import type { ProfileMetadata } from '../profile.ts';
import { encodeSvgDiff } from '../svg/encode-diff.ts';
import type { ProfileDiff } from './differences.ts';
import { encodeFoldedDiff } from './folded-diff.ts';

/** What a picture says besides the numbers. */
export interface DiffPictureOptions {
  readonly title?: string;
  /** Of the two recordings. */
  readonly before?: ProfileMetadata;
  readonly after?: ProfileMetadata;
  /** Which profile's shares are the widths of boxes; `after` by default. */
  readonly sizeBy?: 'before' | 'after';
}

export interface DiffFormat {
  readonly name: string;
  /** As in `OutputFormat`. */
  readonly extensions: readonly string[];
  encode(diff: ProfileDiff, options?: DiffPictureOptions): string;
}

/** Every format that a difference can be written in. */
export const diffFormats: readonly DiffFormat[] = [
  {
    name: 'folded',
    extensions: ['.folded', '.collapsed'],
    encode: (diff) => encodeFoldedDiff(diff),
  },
  { name: 'svg', extensions: ['.svg'], encode: encodeSvgDiff },
  { name: 'html', extensions: ['.html'], encode: encodeHtmlDiff },
];
