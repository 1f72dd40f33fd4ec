/**
 * Output: the terminal of the command. Its cells are the command's own and are drawn by who has the terminal
 * (terminal/embedded-terminal.ts); here is when keys go to the command.
 */

import type { Screen } from '../screen/screen.ts';
import type { Key, Shared, View } from './view.ts';

/** As telnet has it: shells and editors do nothing with it. */
export const LEAVE_KEY = 'ctrl+]';

export class OutputView implements View {
  readonly name = 'output';
  readonly title = 'Output';
  readonly keys = [
    ['enter', 'type into the command'],
    [LEAVE_KEY, 'stop typing'],
  ] as const;

  #typing = false;
  /** How the command ended. */
  #end: string | undefined;

  /** Every key is the command's, but for the one that ends it. */
  get isTyping(): boolean {
    return this.#typing;
  }

  startTyping(): void {
    this.#typing = this.#end === undefined;
  }

  stopTyping(): void {
    this.#typing = false;
  }

  commandEnded(how: string): void {
    this.#end = how;
    this.#typing = false;
  }

  /** For who sees the terminal's cells alone. */
  get status(): string {
    if (this.#end !== undefined) return `ended with ${this.#end}`;
    return this.#typing ? `typing; ${LEAVE_KEY} ends it` : 'enter types into it';
  }

  draw(screen: Screen): void {
    screen.fill(0, 0, screen.width, screen.height, {});
  }

  press(key: Key, shared: Shared): boolean {
    if (key !== 'enter' && key !== 'i') return false;
    if (this.#end === undefined) this.startTyping();
    else shared.say(`the command has ended with ${this.#end}`);
    return true;
  }

  click(): void {
    this.startTyping();
  }
}
