/**
 * A page for the browser: flame graph, sandwich view and a table of functions, with search, zoom and
 * keyboard, in one file that needs no other and no network.
 */
import type { OutputFormat } from '../format.ts';
import { encodeHtml, type HtmlOptions } from './encode.ts';

export { encodeHtml, encodeHtmlDiff, encodeHtmlUpdate, type HtmlOptions } from './encode.ts';

/** The format with options of one's own, to be used in place of `htmlFormat`. */
export function createHtmlFormat(options: HtmlOptions = {}): OutputFormat {
  return {
    name: 'html',
    extensions: ['.html'],
    mediaType: 'text/html; charset=utf-8',
    encode: (profile) => encodeHtml(profile, options),
  };
}

export const htmlFormat: OutputFormat = createHtmlFormat();
