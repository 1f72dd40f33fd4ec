// When to look for what a process leaves behind: its mappings, and stacks that wait to be walked. A
// program that lives for milliseconds has to be looked at while it is there, so looks follow each other
// closely while something happens. A host that does nothing new is not looked at: fifty wake-ups a
// second cost more than what a quiet recording does.

const LOOK_MS = 20;
/** A program maps its libraries within this time of its exec. */
const LOOKS_AFTER_SOMETHING = 5;

export class PollSchedule implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looksLeft = 0;
  #closed = false;

  readonly #look: () => boolean;

  /** @param look whether there was something. Must not throw. */
  constructor(look: () => boolean) {
    this.#look = look;
    this.wake();
  }

  /** Something happened, or is about to. */
  wake(): void {
    this.#looksLeft = LOOKS_AFTER_SOMETHING;
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#turn(), LOOK_MS);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #turn(): void {
    this.#timer = undefined;
    this.#looksLeft = this.#look() ? LOOKS_AFTER_SOMETHING : this.#looksLeft - 1;
    if (!this.#closed && this.#looksLeft > 0)
      this.#timer ??= setTimeout(() => this.#turn(), LOOK_MS);
  }
}
