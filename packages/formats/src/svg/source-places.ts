/** Where in the source each box of a picture is, as the script in the picture reads it. */
import { displayText } from '../flame-graph/safe-text.ts';
import { textOf } from '../flame-graph/source-range.ts';
import { Interned } from '../interned.ts';
import type { FlameBox } from './flame-rows.ts';
import type { FlameData } from './viewer/data.ts';

/** What the viewer says of them, box by box; nothing where no place is known. */
export function placesOf(rows: readonly (readonly FlameBox[])[]): Pick<FlameData, 'places'> {
  const texts = new Interned<string>();
  const of = rows.flatMap((row) =>
    row.map(({ node: { source } }) => {
      if (!source) return -1;
      const text = textOf(source);
      return texts.indexOf(text, () => displayText(text));
    }),
  );
  return texts.rows.length === 0 ? {} : { places: { texts: texts.rows, of } };
}
