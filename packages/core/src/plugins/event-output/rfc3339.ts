/** Nanoseconds since the epoch as RFC 3339 in UTC, e.g. 2026-03-01T12:00:00.000000001Z. */

const SECOND = 1_000_000_000n;

export class Rfc3339 {
  /** The second that was formatted last: events come many to a second. */
  #second = -1n;
  #prefix = '';

  format(nanoseconds: bigint): string {
    const second = nanoseconds / SECOND;
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(Number(second) * 1000).toISOString().slice(0, 20);
    }
    return `${this.#prefix}${String(nanoseconds - second * SECOND).padStart(9, '0')}Z`;
  }
}
