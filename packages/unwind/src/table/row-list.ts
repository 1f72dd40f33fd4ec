/**
 * Rows while a table is made: (file offset, rule) in ascending order, in two growing columns. Rows
 * that say what the row before says are dropped; gaps between functions become rows without a rule.
 */
import { UnwindError } from '../error.ts';
import { NO_RULE } from './rule.ts';

/** What the encoded form can address; see layout.ts. */
const MAX_ROWS = 128 * 256 * 256;
/** The last value stands for "past everything" in the encoded form. */
export const MAX_FILE_OFFSET = 0xffff_fffe;

/** Code is laid out in lines of this many bytes. */
const CODE_ALIGNMENT = 16;

export class RowList {
  #offsets = new Uint32Array(1024);
  #rules = new Uint16Array(1024);
  #count = 0;
  #end = 0;

  get count(): number {
    return this.#count;
  }

  /** File offsets of the rows, ascending. */
  get offsets(): Uint32Array {
    return this.#offsets.subarray(0, this.#count);
  }

  get rules(): Uint16Array {
    return this.#rules.subarray(0, this.#count);
  }

  /** Where the last function ends. */
  get end(): number {
    return this.#end;
  }

  /** Opens the function [start, end), which begins at or after the end of the one before. */
  beginFunction(start: number, end: number): void {
    if (this.#count > 0 && !isPadding(this.#end, start)) this.add(this.#end, NO_RULE);
    this.#end = end;
  }

  /** From this offset on, this rule; an offset given twice takes the later rule. */
  add(offset: number, rule: number): void {
    let count = this.#count;
    if (count > 0 && this.#offsets[count - 1] === offset) count--;
    if (count === 0 || this.#rules[count - 1] !== rule) {
      if (count === this.#offsets.length) this.#grow();
      this.#offsets[count] = offset;
      this.#rules[count] = rule;
      count++;
    }
    this.#count = count;
  }

  #grow(): void {
    const size = this.#offsets.length * 2;
    if (size > MAX_ROWS) throw new UnwindError('too-large', `more than ${MAX_ROWS} rows`);
    const offsets = new Uint32Array(size);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
    const rules = new Uint16Array(size);
    rules.set(this.#rules);
    this.#rules = rules;
  }
}

/**
 * What lies between the end of a function and the next aligned one is never run, so it needs no row
 * of its own: that would be a row for nearly every function.
 */
function isPadding(end: number, start: number): boolean {
  return start - end < CODE_ALIGNMENT && (start === end || start % CODE_ALIGNMENT === 0);
}
