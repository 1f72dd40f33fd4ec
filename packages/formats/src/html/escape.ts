/** Text of a profile made safe for the page: between tags, in attributes, and as data in a script. */
import { escapeHtml as escapeEntities } from '@waggle/text/page';
import { displayText } from '../flame-graph/safe-text.ts';

export function escapeHtml(text: string): string {
  return escapeEntities(displayText(text));
}

/**
 * JSON for a script element. Such an element ends at the first `</script`, and `<!--` makes that
 * harder to find (https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements), so no
 * `<` is left; nor are the line separators, which JavaScript older than JSON's superset refuses.
 */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
