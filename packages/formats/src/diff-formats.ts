/** The file formats of a difference, chosen by extension as those of a profile are. */

import type { ProfileDiff } from './diff/differences.ts';
import { encodeFoldedDiff } from './diff/folded-diff.ts';
import type { DiffPictureOptions } from './flame-graph/diff-picture-options.ts';
import { encodeHtmlDiff } from './html/encode.ts';
import { encodeSvgDiff } from './svg/encode-diff.ts';

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
