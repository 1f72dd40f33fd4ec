/**
 * A table of events back to JSON lines, so that it is read as a recording is: csv-events.ts tells how it was
 * written. Rows of somebody else become lines that are no event, and are counted as such.
 */

import { EVENT_NAMES, type FieldType, fieldsOf } from '../events/fields.ts';

/** More than any row of ours. */
const MAX_ROW_CHARACTERS = 16 << 20;

const TYPES: ReadonlyMap<string, FieldType> = new Map([
  ['event', 'text'],
  ...EVENT_NAMES.flatMap((name) =>
    fieldsOf(name).map(([field, { type }]) => [field, type] as const),
  ),
]);

/** Whether a file begins as such a table does. */
export function looksLikeEventTable(beginning: Uint8Array): boolean {
  const [header = ''] = new TextDecoder().decode(beginning).split(/\r?\n/, 1);
  return /^event,time,pid,/.test(header);
}

/**
 * The lines of `trace --json`, each with its line feed; a row that was cut in the middle as a line without one.
 * Empty cells are null.
 *
 * @param chunks the file's bytes
 */
export async function* jsonLinesOfTable(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const rows = new Rows();
  let header: readonly string[] | undefined;
  const lineOf = (cells: readonly string[]): string => {
    if (header === undefined) {
      header = cells;
      return '';
    }
    return cells.length > header.length
      ? '"a row with more cells"\n'
      : `${jsonOf(header, cells)}\n`;
  };
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const lines = rows
      .take(decoder.decode(chunk, { stream: true }))
      .map(lineOf)
      .join('');
    if (lines !== '') yield encoder.encode(lines);
  }
  const lines = rows.take(decoder.decode()).map(lineOf).join('');
  // What is left has no line end: its last cell may lack something.
  yield encoder.encode(rows.isEmpty ? lines : `${lines}{"event":`);
}

/** Rows of cells, of text that comes in pieces. */
class Rows {
  #cells: string[] = [];
  #cell = '';
  #isQuoted = false;
  /** The last character was a quote inside of quotes: the end, or half of one that is meant. */
  #hasQuote = false;
  #length = 0;

  get isEmpty(): boolean {
    return this.#cells.length === 0 && this.#cell === '' && !this.#isQuoted;
  }

  /** Those that end in it. */
  take(text: string): string[][] {
    const rows: string[][] = [];
    for (let at = 0; at < text.length; ) {
      if (this.#isQuoted && !this.#hasQuote) {
        const quote = text.indexOf('"', at);
        this.#add(text.slice(at, quote < 0 ? text.length : quote));
        if (quote < 0) break;
        this.#hasQuote = true;
        at = quote + 1;
        continue;
      }
      const character = text.charAt(at);
      if (this.#hasQuote) {
        this.#hasQuote = false;
        if (character === '"') {
          this.#add('"');
          at++;
          continue;
        }
        this.#isQuoted = false;
      }
      if (character === '"' && this.#cell === '') this.#isQuoted = true;
      else if (character === ',') this.#endCell();
      else if (character === '\n') {
        this.#endCell();
        rows.push(this.#cells);
        this.#cells = [];
        this.#length = 0;
      } else if (character !== '\r') {
        SPECIAL.lastIndex = at + 1;
        const end = SPECIAL.exec(text)?.index ?? text.length;
        this.#add(text.slice(at, end));
        at = end;
        continue;
      }
      at++;
    }
    return rows;
  }

  /** Of a row without end nothing is kept beyond its bound. */
  #add(text: string): void {
    this.#length += text.length;
    if (this.#length <= MAX_ROW_CHARACTERS) this.#cell += text;
  }

  #endCell(): void {
    this.#length++;
    if (this.#length <= MAX_ROW_CHARACTERS) this.#cells.push(this.#cell);
    this.#cell = '';
  }
}

/** Ends a piece of a cell that has no quotes. */
const SPECIAL = /[,\n\r]/g;

function jsonOf(header: readonly string[], cells: readonly string[]): string {
  const fields = header.flatMap((name, index) => {
    const type = TYPES.get(name);
    const cell = cells[index] ?? '';
    return type === undefined || cell === '' ? [] : [[name, cellValue(cell, type)] as const];
  });
  return JSON.stringify(Object.fromEntries(fields));
}

function cellValue(cell: string, type: FieldType): unknown {
  if (type === 'number') return Number(cell);
  if (type === 'flag') return cell === 'true' ? true : cell === 'false' ? false : cell;
  if (type === 'u64') return cell;
  const text = cell.startsWith("'") ? cell.slice(1) : cell;
  if (type === 'text') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
