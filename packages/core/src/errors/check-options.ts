// Checks numbers that come from users of the library. TypeScript says that they are numbers; JavaScript
// brings strings, and both bring NaN. A wrong one is told by its name, where it is given.

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
