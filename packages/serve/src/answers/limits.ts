/**
 * How much may be asked for. Answers that are computed (profiles, timelines) stand in a short line; streams and
 * requests have a highest number; and there is a highest rate. Of what is held for long one client has a share, so that
 * it does not keep out the others. Who asks for more is told when to come again.
 */

import { Problem } from './problem.ts';

/** Lets `perSecond` through in the long run, and `burst` at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt = 0;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** @param now milliseconds @throws Problem 429 */
  take(now: number): void {
    const elapsed = this.#filledAt === 0 ? 0 : Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#perSecond);
    if (this.#tokens < 1)
      throw tooMany('too-many-requests', 429, 'requests a second', this.#perSecond);
    this.#tokens--;
  }
}

/** So many at once. */
export class Places {
  readonly #what: string;
  readonly #limit: number;
  readonly #share: number;
  #taken = 0;
  /** By client: those that have none are not there. */
  readonly #takenBy = new Map<string, number>();

  /** @param share of one client. Default: all. */
  constructor(what: string, limit: number, share = limit) {
    this.#what = what;
    this.#limit = limit;
    this.#share = share;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * @param client whose it is
   * @returns how the place is given back; again is harmless
   * @throws Problem 503 where there is none, 429 where this client has its share
   */
  take(client = ''): () => void {
    const own = this.#takenBy.get(client) ?? 0;
    if (own >= this.#share && this.#share < this.#limit)
      throw tooMany('too-busy', 429, `${this.#what} at once for one client`, this.#share);
    if (this.#taken >= this.#limit)
      throw tooMany('too-busy', 503, `${this.#what} at once`, this.#limit);
    this.#taken++;
    this.#takenBy.set(client, own + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(client);
      isHeld = false;
    };
  }

  #giveBack(client: string): void {
    this.#taken--;
    const left = (this.#takenBy.get(client) ?? 0) - 1;
    if (left > 0) this.#takenBy.set(client, left);
    else this.#takenBy.delete(client);
  }
}

function tooMany(code: string, status: number, what: string, limit: number): Problem {
  return new Problem({
    code,
    status,
    title: 'Too much at once',
    detail: `There are at most ${limit} ${what}. Try again in a second.`,
    headers: { 'retry-after': '1' },
  });
}
