/**
 * When to look for what a process leaves behind: its mappings, and stacks that wait to be walked. A
 * program that lives for milliseconds has to be looked at while it is there, so looks follow each other
 * closely while something happens. A host that does nothing new is not looked at: fifty wake-ups a
 * second cost more than what a quiet recording does.
 */

/** How often is looked, and how many times after something has happened. */
export interface PollPace {
  readonly lookMs: number;
  /** A program maps its libraries within so many looks after its exec. */
  readonly looks: number;
}

export const CLOSE_PACE: PollPace = { lookMs: 20, looks: 5 };
/** What is recorded waits in its ring meanwhile. */
export const THRIFTY_PACE: PollPace = { lookMs: 250, looks: 1 };

/** Where milliseconds count, for so many looks. */
const SOON: PollPace = { lookMs: 3, looks: 6 };

export class PollSchedule implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looksLeft = 0;
  #soonLeft = 0;
  #closed = false;

  readonly #look: (isHastened: boolean) => boolean;
  readonly #pace: PollPace;

  /** @param look whether there was something; told whether it is one of those that were hastened. Must not throw. */
  constructor(look: (isHastened: boolean) => boolean, pace = CLOSE_PACE) {
    this.#look = look;
    this.#pace = pace;
    this.wake();
  }

  /** Something happened, or is about to. */
  wake(): void {
    this.#looksLeft = this.#pace.looks;
    this.#goOn();
  }

  /** Something is about to happen that has to be seen within milliseconds. */
  hasten(): void {
    if (this.#soonLeft === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#soonLeft = SOON.looks;
    this.wake();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #turn(): void {
    this.#timer = undefined;
    const isHastened = this.#soonLeft > 0;
    if (isHastened) this.#soonLeft--;
    this.#looksLeft = this.#look(isHastened) ? this.#pace.looks : this.#looksLeft - 1;
    if (this.#looksLeft > 0) this.#goOn();
  }

  #goOn(): void {
    if (this.#closed) return;
    const { lookMs } = this.#soonLeft > 0 ? SOON : this.#pace;
    this.#timer ??= setTimeout(() => this.#turn(), lookMs);
  }
}
