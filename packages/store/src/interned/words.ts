/** Lists of words (arguments) as they are kept. */

/** What is no list of words was written by somebody else, or is damaged. */
export function wordsOf(value: unknown): readonly string[] | null {
  if (typeof value !== 'string') return null;
  try {
    const words: unknown = JSON.parse(value);
    return Array.isArray(words) ? words.map(String) : null;
  } catch {
    return null;
  }
}
