/**
 * The rows of a line table: address, file and line in columns, grouped into sequences of ascending
 * addresses that each end at an address of their own. Sequences of discarded code begin at 0 or
 * beyond all addresses, and are dropped.
 */

/** Of one unit, of which real ones have a few million at most; what comes behind has no lines. */
const MAX_ROWS = 16 * 1024 * 1024;
const MAX_SEQUENCES = 2 * 1024 * 1024;
/** Sequences looked at from the last that begins before an address; sound tables do not overlap. */
const MAX_OVERLAP = 16;

interface Sequence {
  readonly start: number;
  readonly end: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

export class LineRows {
  #count = 0;
  #address = new Float64Array(256);
  #file = new Uint32Array(256);
  #line = new Uint32Array(256);
  #sequences: Sequence[] = [];
  /** The first row of the sequence that is being read. */
  #first = 0;
  #ascending = true;

  /** Memory held, in bytes. */
  get byteLength(): number {
    return this.#address.length * 16 + this.#sequences.length * 48;
  }

  get isFull(): boolean {
    return this.#count >= MAX_ROWS || this.#sequences.length >= MAX_SEQUENCES;
  }

  add(address: number, file: number, line: number): void {
    if (this.isFull) return;
    if (this.#count > this.#first && address < (this.#address[this.#count - 1] as number)) {
      this.#ascending = false;
    }
    if (this.#count === this.#address.length) this.#grow();
    this.#address[this.#count] = address;
    this.#file[this.#count] = file;
    this.#line[this.#count++] = line;
  }

  endSequence(end: number): void {
    const start = this.#address[this.#first] as number;
    const sound = this.#ascending && this.#count > this.#first && start > 0 && start < end;
    if (sound && end <= Number.MAX_SAFE_INTEGER) {
      this.#sequences.push({ start, end, firstRow: this.#first, lastRow: this.#count - 1 });
    } else {
      this.#count = this.#first;
    }
    this.#first = this.#count;
    this.#ascending = true;
  }

  finish(): void {
    this.#count = this.#first;
    this.#sequences.sort((a, b) => a.start - b.start);
    this.#address = this.#address.slice(0, this.#count);
    this.#file = this.#file.slice(0, this.#count);
    this.#line = this.#line.slice(0, this.#count);
  }

  /** The row that covers `address`; the last of those that begin at one address. */
  find(address: number): { readonly file: number; readonly line: number } | undefined {
    const sequence = this.#sequenceAt(address);
    if (sequence === undefined) return undefined;
    let low = sequence.firstRow;
    let high = sequence.lastRow + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#address[middle] as number) <= address) low = middle + 1;
      else high = middle;
    }
    return { file: this.#file[low - 1] as number, line: this.#line[low - 1] as number };
  }

  /** The addresses at which a row of that file begins, and its line. */
  *ofFile(isWanted: (file: number) => boolean): Generator<{ address: number; line: number }> {
    for (let at = 0; at < this.#count; at++)
      if (isWanted(this.#file[at] as number))
        yield { address: this.#address[at] as number, line: this.#line[at] as number };
  }

  #sequenceAt(address: number): Sequence | undefined {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] as Sequence).start <= address) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= Math.max(0, low - MAX_OVERLAP); at--) {
      const sequence = this.#sequences[at] as Sequence;
      if (address < sequence.end) return sequence;
    }
    return undefined;
  }

  #grow(): void {
    const size = this.#count * 2;
    const address = new Float64Array(size);
    address.set(this.#address);
    this.#address = address;
    const widen = (column: Uint32Array) => {
      const larger = new Uint32Array(size);
      larger.set(column);
      return larger;
    };
    this.#file = widen(this.#file);
    this.#line = widen(this.#line);
  }
}
