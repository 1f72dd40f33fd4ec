/** What says that a speedscope file is none, or inconsistent. */
import { jsonShape } from '../json-shape.ts';

export class SpeedscopeSyntaxError extends Error {
  override readonly name = 'SpeedscopeSyntaxError';
  readonly code = 'SPEEDSCOPE_SYNTAX';
}

export const json = jsonShape('speedscope', SpeedscopeSyntaxError);
