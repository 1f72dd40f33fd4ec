/**
 * The file format of speedscope, a viewer with a time-ordered, a left-heavy and a sandwich view:
 * one "sampled" profile whose weights are samples. Schema: file-format-spec.ts of jlfwong/speedscope.
 */
import type { OutputFormat } from '../format.ts';
import { encodeSpeedscope } from './encode.ts';
import { parseSpeedscope } from './parse.ts';

export { encodeSpeedscope } from './encode.ts';
export { parseSpeedscope, SpeedscopeSyntaxError } from './parse.ts';

export const speedscopeFormat: OutputFormat = {
  name: 'speedscope',
  extensions: ['.speedscope.json'],
  mediaType: 'application/json',
  allValues: true,
  encode: encodeSpeedscope,
  parse: parseSpeedscope,
};
