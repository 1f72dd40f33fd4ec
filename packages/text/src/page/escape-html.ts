/**
 * Text made safe for HTML, between tags and in attributes. What a terminal or a reader would be misled by is
 * for others: printable(), and the display text of profiles.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The same text with references for what HTML acts upon. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
