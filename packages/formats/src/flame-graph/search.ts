/** What a search field stands for. */

/**
 * The test that a search stands for: /between slashes/ a regular expression, else plain text;
 * both ignore case. An unfinished expression is taken as text; no query gives `undefined`.
 */
export function matcher(query: string): ((text: string) => boolean) | undefined {
  if (query === '') return undefined;
  if (query.length > 2 && query.startsWith('/') && query.endsWith('/')) {
    try {
      const expression = new RegExp(query.slice(1, -1), 'iu');
      return (text) => expression.test(text);
    } catch {
      // Being typed: it may become valid with the next key.
    }
  }
  const needle = query.toLowerCase();
  return (text) => text.toLowerCase().includes(needle);
}
