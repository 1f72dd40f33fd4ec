/**
 * The Firefox Profiler's format, for profiler.firefox.com: call tree, flame graph and stack chart in a
 * browser, with filters and links to share, for profiles of anything and not only of Firefox.
 */
import type { OutputFormat } from '../format.ts';
import { encodeFirefox } from './encode.ts';
import { parseFirefox } from './parse.ts';

export { encodeFirefox } from './encode.ts';
export { FirefoxSyntaxError, parseFirefox } from './parse.ts';

export const firefoxFormat: OutputFormat = {
  name: 'firefox',
  extensions: ['.json'],
  mediaType: 'application/json',
  encode: encodeFirefox,
  parse: parseFirefox,
};
