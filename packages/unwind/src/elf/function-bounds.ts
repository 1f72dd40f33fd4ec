/**
 * Where the functions of a file begin and end, by its call frame information: what is known of code
 * that has no symbols. A function that the compiler split has a range for each part.
 */
import type { ElfImage } from '@waggle/symbols';
import { frameSources } from './frame-sources.ts';
import { inOrder } from './function-ranges.ts';

export class FunctionBounds {
  /** File offsets, ascending, none overlapping another. */
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;

  private constructor(starts: Float64Array, ends: Float64Array) {
    this.#starts = starts;
    this.#ends = ends;
  }

  /** @throws `UnwindError`, `ElfError` as `buildUnwindTable` */
  static fromElf(elf: ElfImage): FunctionBounds {
    const lists = frameSources(elf).sources.map(({ ranges }) => ranges);
    const total = lists.reduce((sum, { count }) => sum + count, 0);
    const starts = new Float64Array(total);
    const ends = new Float64Array(total);
    let count = 0;
    inOrder(lists, (list, index) => {
      starts[count] = lists[list]!.start[index]!;
      ends[count++] = lists[list]!.end[index]!;
    });
    return new FunctionBounds(starts, ends);
  }

  static empty(): FunctionBounds {
    return new FunctionBounds(new Float64Array(0), new Float64Array(0));
  }

  /** How many ranges there are. */
  get size(): number {
    return this.#starts.length;
  }

  /** The file offset at which the function begins that holds this one; undefined for none. */
  startOf(offset: number): number | undefined {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low > 0 && offset < this.#ends[low - 1]! ? this.#starts[low - 1] : undefined;
  }
}
