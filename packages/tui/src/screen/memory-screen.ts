/** A screen in memory, for tests of what views draw. */

import { columnsOf, firstColumns } from '@waggle/text/columns';
import type { Paint, Screen } from './screen.ts';

/** The second cell of a wide character. */
const COVERED = '';

export class MemoryScreen implements Screen {
  readonly #cells: string[][];
  readonly #paints: Paint[][];

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.#cells = Array.from({ length: height }, () => Array<string>(width).fill(' '));
    this.#paints = Array.from({ length: height }, () => Array<Paint>(width).fill({}));
  }

  /** @throws RangeError where a view draws outside of the screen: it was given its size. */
  put(x: number, y: number, text: string, paint: Paint = {}, columns = this.width - x): number {
    if (x < 0 || y < 0 || y >= this.height || x > this.width)
      throw new RangeError(`(${x}, ${y}) is outside of ${this.width} x ${this.height}`);
    const shown = firstColumns(text, Math.min(columns, this.width - x));
    let at = x;
    for (const character of shown) {
      const width = columnsOf(character);
      if (width === 0) continue;
      this.#set(at, y, character, paint);
      if (width === 2) this.#set(at + 1, y, COVERED, paint);
      at += width;
    }
    return at - x;
  }

  fill(x: number, y: number, width: number, height: number, paint: Paint = {}): void {
    if (x < 0 || y < 0 || x + width > this.width || y + height > this.height)
      throw new RangeError(`${width} x ${height} at (${x}, ${y}) is not inside`);
    for (let row = y; row < y + height; row++)
      for (let column = x; column < x + width; column++) this.#set(column, row, ' ', paint);
  }

  /** All rows, without the spaces at their ends. */
  rows(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd());
  }

  text(): string {
    return this.rows().join('\n');
  }

  paintAt(x: number, y: number): Paint {
    return this.#paints[y]?.[x] ?? {};
  }

  #set(x: number, y: number, character: string, paint: Paint): void {
    const cells = this.#cells[y];
    const paints = this.#paints[y];
    if (cells === undefined || paints === undefined || x >= this.width) return;
    cells[x] = character;
    paints[x] = paint;
  }
}
