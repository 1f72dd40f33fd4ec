/**
 * JSON that may be looked at and that every reader takes. What printable() makes visible is written as
 * \u escapes, in keys too, so that `trace --json` on a terminal is as harmless as the table: JSON.parse
 * gives the same value. Half surrogate pairs, which strict readers refuse, are U+FFFD: in waggle they
 * stand for bytes that are no UTF-8.
 */

import { UNSAFE_CHARACTER } from './printable.ts';
import { wellFormed } from './well-formed.ts';

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'gu');
/** With indentation there are line feeds; those inside strings JSON.stringify has escaped. */
const UNSAFE_BUT_NEWLINE = new RegExp(`(?!\\n)${UNSAFE_CHARACTER}`, 'gu');
/** As JSON.stringify writes what has no other half; the first alternative skips escaped backslashes. */
const HALF_PAIRS = /\\[^u]|(?:\\ud[89a-f][0-9a-f]{2})+/g;

/** As JSON.stringify; `space` indents. The value must have a JSON form. */
export function stringifyJson(value: unknown, space?: number): string {
  const text = JSON.stringify(value, null, space);
  const whole = text.includes('\\ud') ? withoutHalfPairs(text) : text;
  return whole.replace(space === undefined ? UNSAFE : UNSAFE_BUT_NEWLINE, escaped);
}

function withoutHalfPairs(text: string): string {
  return text.replace(HALF_PAIRS, (run) => {
    if (!run.startsWith('\\u')) return run;
    return wellFormed(JSON.parse(`"${run}"`) as string);
  });
}

/** Two escapes for a character beyond U+FFFF: JSON has them for UTF-16 code units. */
function escaped(character: string): string {
  let text = '';
  for (let at = 0; at < character.length; at++)
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return text;
}
