/**
 * Text that others chose, made visible: what a terminal acts upon, what reorders or hides the text
 * around it, and what cannot be told from nothing or from a space.
 *
 * Categories and properties are Unicode's (UAX 44): Cc control, Cf format (bidirectional controls,
 * zero-width ones, tags), Cs half a surrogate pair, Zl and Zp line and paragraph separators,
 * Default_Ignorable_Code_Point (drawn as nothing), and Zs, the spaces, but for the usual one.
 */

const SPACES = '\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';

/** One such character. A source, because a RegExp with `g` keeps state. */
export const UNSAFE_CHARACTER = `[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}${SPACES}]`;

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'gu');

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The same text with each of them as an escape. For people; a shell reads shellWord()'s. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? escapeOf(character));
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const byte = escapedByte(code);
  if (byte !== undefined) return `\\x${hex(byte, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

/**
 * Where text is decoded so that nothing gets lost, a byte that is no UTF-8 is U+DC00 plus the byte,
 * as in PEP 383. That byte, or undefined for every other character.
 */
export function escapedByte(code: number): number | undefined {
  return code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : undefined;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
