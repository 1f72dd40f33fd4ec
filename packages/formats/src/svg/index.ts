/**
 * Flame graph as an SVG file: a picture in any viewer, interactive in a browser (zoom, search,
 * details, keyboard), without any other file or network access.
 */
import type { OutputFormat } from '../format.ts';
import { encodeSvg } from './encode.ts';
import type { SvgOptions } from './picture.ts';

export { encodeSvg } from './encode.ts';
export { encodeSvgDiff } from './encode-diff.ts';
export type { SvgOptions } from './picture.ts';

/** The format with options of one's own, to be used in place of `svgFormat`. */
export function createSvgFormat(options: SvgOptions = {}): OutputFormat {
  return {
    name: 'svg',
    extensions: ['.svg'],
    mediaType: 'image/svg+xml',
    encode: (profile) => encodeSvg(profile, options),
  };
}

export const svgFormat: OutputFormat = createSvgFormat();
