/** A list that can be scrolled and has a selected row: what the list views have in common. */

import type { Key } from './view.ts';

export class ListCursor {
  /** Index of the selected row. */
  at = 0;
  /** Index of the row at the top. */
  top = 0;
  #rows = 0;
  #height = 1;

  /** Before drawing: how many rows there are, and room for. */
  measure(rows: number, height: number): void {
    this.#rows = rows;
    this.#height = Math.max(height, 1);
    this.at = Math.min(Math.max(this.at, 0), Math.max(rows - 1, 0));
    if (this.at < this.top) this.top = this.at;
    if (this.at >= this.top + this.#height) this.top = this.at - this.#height + 1;
    this.top = Math.min(Math.max(this.top, 0), Math.max(rows - this.#height, 0));
  }

  /** vim's keys and the usual ones. @returns whether it was one of them */
  press(key: Key): boolean {
    const step = this.#stepOf(key);
    if (step === undefined) return false;
    this.at = Math.min(Math.max(this.at + step, 0), Math.max(this.#rows - 1, 0));
    return true;
  }

  #stepOf(key: Key): number | undefined {
    switch (key) {
      case 'down':
      case 'j':
        return 1;
      case 'up':
      case 'k':
        return -1;
      case 'pagedown':
      case 'ctrl+d':
      case 'ctrl+f':
        return this.#height;
      case 'pageup':
      case 'ctrl+u':
      case 'ctrl+b':
        return -this.#height;
      case 'home':
      case 'g':
        return -this.#rows;
      case 'end':
      case 'G':
        return this.#rows;
      case 'wheeldown':
        return 3;
      case 'wheelup':
        return -3;
      default:
        return undefined;
    }
  }
}
