/**
 * Names of processes that ended a moment ago, which nobody else knows once their cycle is over. A record
 * names the parent that lived when it was begun; it is read behind that parent's end where another CPU was
 * faster, and a cycle may have begun in between.
 */

/** A record is made with preemption off: only a host that stops a virtual CPU takes longer. */
const KEPT_MS = 1000;
/** Of each half. */
const MAX_NAMES = 4096;

interface EndedName {
  readonly start: number;
  readonly comm: string;
}

export class EndedNames {
  /** The latest of each pid. */
  #newer = new Map<number, EndedName>();
  #older = new Map<number, EndedName>();
  #turnedAt = 0;

  add(pid: number, start: number, comm: string): void {
    if (this.#newer.size >= MAX_NAMES) this.#turn();
    this.#newer.set(pid, { start, comm });
  }

  find(pid: number, start: number): string | undefined {
    for (const names of [this.#newer, this.#older]) {
      const ended = names.get(pid);
      if (ended?.start === start) return ended.comm;
    }
    return undefined;
  }

  /** @param now by a clock that only goes forward, in milliseconds */
  forgetOld(now: number): void {
    if (now - this.#turnedAt < KEPT_MS) return;
    this.#turnedAt = now;
    this.#turn();
  }

  clear(): void {
    this.#newer.clear();
    this.#older.clear();
  }

  #turn(): void {
    const emptied = this.#older;
    emptied.clear();
    this.#older = this.#newer;
    this.#newer = emptied;
  }
}
