/**
 * Checks what comes from users of the library. TypeScript says that numbers are numbers and lists are
 * lists; JavaScript brings strings for both, and either brings NaN. A wrong one is told by its name, where
 * it is given.
 */

import { BadOption } from './errors.ts';

export interface NumberRange {
  readonly min: number;
  /** Default: no limit, but finite. */
  readonly max?: number;
  readonly integer?: boolean;
  /** Infinity is an answer too. */
  readonly orInfinity?: boolean;
  /** `min` itself is too small. */
  readonly above?: boolean;
}

/** undefined is "not given". @throws BadOption */
export function checkNumber(option: string, value: unknown, range: NumberRange): void {
  if (value === undefined || isInRange(value, range)) return;
  throw new BadOption({
    option,
    message: `${option} must be ${described(range)}, and is ${shown(value)}`,
  });
}

/**
 * A list of which every item fits. undefined is "not given".
 *
 * @param what completes "must be", such as `a list of paths`
 * @throws BadOption
 */
export function checkList(
  option: string,
  value: unknown,
  what: string,
  fits: (item: unknown) => boolean,
): void {
  if (value === undefined || (Array.isArray(value) && value.every(fits))) return;
  throw new BadOption({ option, message: `${option} must be ${what}` });
}

/** One of a few words. undefined is "not given". @throws BadOption */
export function checkChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.some((choice) => choice === value)) return;
  throw new BadOption({
    option,
    message: `${option} must be ${choices.join(' or ')}, and is ${shown(value)}`,
  });
}

/** An object with options. undefined is "not given". @throws BadOption */
export function checkOptionsObject(option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null)) return;
  throw new BadOption({
    option,
    message: `${option} must be an object with options, and is ${shown(value)}`,
  });
}

/** Item of a list: a string with something in it. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isInRange(value: unknown, { min, max, integer, orInfinity, above }: NumberRange): boolean {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  if (value === Number.POSITIVE_INFINITY) return orInfinity === true;
  if (integer === true && !Number.isInteger(value)) return false;
  return (above === true ? value > min : value >= min) && value <= (max ?? Number.MAX_SAFE_INTEGER);
}

function described({ min, max, integer, orInfinity, above }: NumberRange): string {
  const kind = integer === true ? 'a whole number' : 'a number';
  const from = above === true ? `above ${min}` : `from ${min}`;
  const to = max === undefined ? (above === true ? '' : ' on') : ` to ${max}`;
  return `${kind} ${from}${to}${orInfinity === true ? ', or Infinity' : ''}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
