/** A table without repetitions, for formats that write a thing once and refer to it by its index. */
export class Interned<Row> {
  readonly rows: Row[];
  readonly #indexes = new Map<string | number, number>();

  /** `first` are rows that are in the table from the start, which no key leads to. */
  constructor(first: readonly Row[] = []) {
    this.rows = [...first];
  }

  /** Where the row of this key is; `make` is called when it is not there yet. */
  indexOf(key: string | number, make: () => Row): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    // Made first: its own parts may go into this table before it does.
    const row = make();
    const index = this.rows.push(row) - 1;
    this.#indexes.set(key, index);
    return index;
  }
}
