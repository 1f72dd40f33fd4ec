/**
 * @waggle/text/columns: how many columns text takes in a terminal, and how it is cut to some. Widths are
 * Unicode's East Asian Width (UAX 11) as Bun has it, so this part needs Bun; a cut never goes through what
 * is drawn as one. The text is without colours.
 */

const ASCII = /^[\x20-\x7e]*$/;
/** Made when a text needs it: 1 to 2 ms of CPU. */
let segmenter: Intl.Segmenter | undefined;

/** Columns that it takes: wide characters two, marks none. */
export function columnsOf(text: string): number {
  return ASCII.test(text) ? text.length : Bun.stringWidth(text);
}

/** At most so many columns of it, with `…` in the last one where something is missing. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  return `${firstColumns(text, columns - 1)}…`;
}

/** At most so many columns of its end, with `…` in the first one where something is missing. */
export function cutStart(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const { segment } of [...graphemesOf(text)].toReversed()) {
    width += columnsOf(segment);
    if (width > columns) break;
    kept = segment + kept;
  }
  return `…${kept}`;
}

/** What fits whole into so many columns. */
export function firstColumns(text: string, columns: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(columns, 0));
  let kept = '';
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    width += columnsOf(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}

/** In so many columns exactly: cut, or filled up with spaces. */
export function fit(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const shown = cut(text, columns);
  const room = ' '.repeat(Math.max(columns - columnsOf(shown), 0));
  return side === 'left' ? shown + room : room + shown;
}

function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}
