/** A line that is typed at the foot of the screen: a filter, what to find, a file's name. */

import type { Key } from '../views/view.ts';

export class LineInput {
  text: string;

  constructor(
    readonly prompt: string,
    initial: string,
    /** With every change, so that one sees what it does. */
    readonly changed: (text: string) => void,
    /** Enter. */
    readonly done: (text: string) => void,
    /** Escape: back to what was before. */
    readonly cancelled: () => void = () => changed(initial),
  ) {
    this.text = initial;
  }

  /** @returns whether it is over */
  press(key: Key): boolean {
    switch (key) {
      case 'enter':
        this.done(this.text);
        return true;
      case 'escape':
      case 'ctrl+c':
        this.cancelled();
        return true;
      case 'backspace':
        return this.#set([...this.text].slice(0, -1).join(''));
      case 'ctrl+u':
        return this.#set('');
      case 'space':
        return this.#set(`${this.text} `);
      default:
        return [...key].length === 1 ? this.#set(this.text + key) : false;
    }
  }

  #set(text: string): false {
    this.text = text;
    this.changed(text);
    return false;
  }
}
