/**
 * What is said to a caller who passed the wrong thing. TypeScript says it before; these are for
 * JavaScript and for values that come from outside. The codes are Node's own for such mistakes.
 * Only numbers are repeated in the message: a text could be a secret.
 */

export type ArgumentErrorCode = 'ERR_INVALID_ARG_TYPE' | 'ERR_OUT_OF_RANGE';

/** A value of a wrong type. */
export class ArgumentTypeError extends TypeError {
  readonly code: ArgumentErrorCode = 'ERR_INVALID_ARG_TYPE';
}

/** A value of the right type that makes no sense. */
export class ArgumentRangeError extends RangeError {
  readonly code: ArgumentErrorCode = 'ERR_OUT_OF_RANGE';
}

export function invalidType(what: string, expected: string, got: unknown): ArgumentTypeError {
  return new ArgumentTypeError(`@waggle/cache: ${what} must be ${expected}, not ${kindOf(got)}`);
}

export function outOfRange(what: string, expected: string, got: string): ArgumentRangeError {
  return new ArgumentRangeError(`@waggle/cache: ${what} must be ${expected}, not ${got}`);
}

/** A whole number of at least `least`, exact as a double. */
export function wholeNumber(what: string, value: unknown, least: number): number {
  // One comparison for good values: this is on the hot paths.
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  if (typeof value !== 'number') throw invalidType(what, 'a whole number', value);
  throw outOfRange(what, `a whole number of at least ${least}`, String(value));
}

/** Options, or a group of them. */
export function checkedObject(what: string, value: unknown, expected: string): void {
  if (typeof value !== 'object' || value === null) throw invalidType(what, expected, value);
}

export function checkedText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidType(what, 'a string', value);
}

/** For options that may be left out. */
export function optional(what: string, value: unknown, expected: string, fits: boolean): void {
  if (value !== undefined && !fits) throw invalidType(what, expected, value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
