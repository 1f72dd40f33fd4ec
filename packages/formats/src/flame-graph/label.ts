/** What of a text fits where: labels of boxes, titles, lines of the status bar, in a monospace font. */

/** Space between a box's edge and its label, in px. */
export const LABEL_PADDING = 3;

/** A box is drawn a little narrower than its place, so that neighbours of one colour differ. */
export function drawnWidth(width: number): number {
  return width - Math.min(0.7, width / 5);
}

/** Columns of a monospace font: none for combining marks, two for East Asian wide and emoji. */
function columnsOf(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/\p{M}/u.test(char)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

/** `text` cut to a number of columns, the cut marked by an ellipsis; nothing below 3 columns. */
export function clip(text: string, columns: number): string {
  if (/^[\x20-\x7e]*$/.test(text)) {
    if (text.length <= columns) return text;
    return columns < 3 ? '' : `${text.slice(0, columns - 1)}\u2026`;
  }
  let used = 0;
  let fitting = '';
  for (const char of text) {
    used += columnsOf(char);
    if (used > columns) return columns < 3 ? '' : `${fitting}\u2026`;
    if (used < columns) fitting += char;
  }
  return text;
}

/** What of a name fits in a box of `width` px when a character takes `charWidth` px. */
export function labelText(name: string, width: number, charWidth: number): string {
  const columns = Math.floor((width - 2 * LABEL_PADDING) / charWidth);
  return columns < 1 ? '' : clip(name, columns);
}
