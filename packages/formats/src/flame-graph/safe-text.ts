/**
 * Text made safe for XML 1.0 (https://www.w3.org/TR/xml/#charsets). The result holds in element
 * content, in an .svg file as well as in SVG inside HTML. Attributes hold no text of a profile.
 */

// What XML 1.0 has no way to write, not even as a reference: most C0 controls, lone surrogates and
// the two noncharacters. C1 and the bidirectional overrides are allowed, but would let a hostile
// name hide or reorder what stands around it.
const UNSAFE = /[^\P{Cc}\t\n\r]|[\u202A-\u202E\u2066-\u2069\p{Cs}\uFFFE\uFFFF]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** One line of visible text: line breaks and tabs become spaces, what cannot be shown U+FFFD. */
export function displayText(text: string): string {
  return text.replace(/[\t\n\r]/g, ' ').replace(UNSAFE, '\uFFFD');
}

export function escapeText(text: string): string {
  return text.replace(UNSAFE, '\uFFFD').replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);
}
