/**
 * The page's data as bytes, of which a reader takes the columns as they lie there: what has ten thousand processes is not
 * parsed, but looked at. In front a head as JSON, behind it the columns, each of the narrowest numbers that hold it, and
 * the tables of texts as JSON in blocks, so that they can be read in parts.
 */

import { COLUMNS, type Column, type PageAbout, type PageData, TABLES } from './page-data.ts';

/** In the order of the bytes that a number takes. All machines that browsers run on have the least byte first. */
export const NUMBERS = [Int8Array, Int16Array, Int32Array, Float64Array] as const;

type Kind = 0 | 1 | 2 | 3;

export interface PageHead extends Pick<PageData, 'beganAt' | 'duration'> {
  readonly about?: PageAbout | undefined;
  /** Of each column, in the order of COLUMNS: which of NUMBERS, and how many of them. */
  readonly columns: readonly (readonly [kind: Kind, count: number])[];
  /** By TABLES: the bytes of each block. */
  readonly tables: readonly (readonly number[])[];
}

/** Before the head its length. */
export const LENGTH_BYTES = 4;
/** Each column begins at such a place. */
const ALIGNMENT = 8;
/** Of a block's JSON, about: it takes a reader less than a millisecond. */
const BLOCK_LENGTH = 32 * 1024;

export const aligned = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

/** @param about what a page that is there already is to say above the bars */
export function pageBytes(data: PageData, about?: PageAbout): Uint8Array {
  const encoder = new TextEncoder();
  const columns = Object.entries(COLUMNS).flatMap(([table, names]) =>
    names.map((name) => narrowed((data[table as keyof typeof COLUMNS] as Columns)[name] as Column)),
  );
  const tables = TABLES.map((name) => blocksOf(data[name]).map((each) => encoder.encode(each)));
  const { beganAt, duration } = data;
  const head: PageHead = {
    ...{ beganAt, duration, about },
    columns: columns.map(({ kind, numbers }) => [kind, numbers.length]),
    tables: tables.map((blocks) => blocks.map(({ length }) => length)),
  };
  const headBytes = encoder.encode(JSON.stringify(head));
  const parts: readonly Uint8Array[] = [
    ...columns.map(({ numbers }) => new Uint8Array(numbers.buffer)),
    ...tables.flat(),
  ];
  const firstAt = aligned(LENGTH_BYTES + headBytes.length);
  const bytes = new Uint8Array(parts.reduce((at, { length }) => aligned(at) + length, firstAt));
  new DataView(bytes.buffer).setUint32(0, headBytes.length, true);
  bytes.set(headBytes, LENGTH_BYTES);
  let at = firstAt;
  for (const part of parts) {
    at = aligned(at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

type Columns = Readonly<Record<string, Column>>;

function narrowed(column: Column): {
  readonly kind: Kind;
  readonly numbers: InstanceType<(typeof NUMBERS)[number]>;
} {
  let [least, most] = [0, 0];
  for (let at = 0; at < column.length; at++) {
    const each = column[at] as number;
    if (each < least) least = each;
    if (each > most) most = each;
  }
  const bits = [8, 16, 32].findIndex(
    (each) => least >= -(2 ** (each - 1)) && most < 2 ** (each - 1),
  );
  const kind = (bits < 0 ? NUMBERS.length - 1 : bits) as Kind;
  return { kind, numbers: new NUMBERS[kind](column) };
}

/** Rows of a table, as JSON lists of some rows each. */
function blocksOf(rows: readonly unknown[]): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let length = 0;
  const close = (): void => {
    if (block.length > 0) blocks.push(`[${block.join()}]`);
    block = [];
    length = 0;
  };
  for (const row of rows) {
    const text = JSON.stringify(row);
    block.push(text);
    length += text.length;
    if (length > BLOCK_LENGTH) close();
  }
  close();
  return blocks;
}
