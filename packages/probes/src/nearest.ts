/** Which of many names somebody may have meant: for messages, so that a typing error costs one line. */

const MOST = 3;
/** Of the letters; further away it is another word. */
const FARTHEST = 0.4;

/** Keeps the nearest names of all that it is shown. */
export class NearestNames {
  readonly #wanted: string;
  readonly #best: { readonly name: string; readonly distance: number }[] = [];

  constructor(wanted: string) {
    this.#wanted = wanted.toLowerCase();
  }

  add(name: string): void {
    const limit = this.#best.length < MOST ? this.#limit : (this.#best.at(-1)?.distance ?? 0) - 1;
    if (limit < 0 || Math.abs(name.length - this.#wanted.length) > limit) return;
    const distance = distanceOf(this.#wanted, name.toLowerCase(), limit);
    if (distance > limit || this.#best.some((other) => other.name === name)) return;
    this.#best.push({ name, distance });
    this.#best.sort((a, b) => a.distance - b.distance);
    this.#best.length = Math.min(this.#best.length, MOST);
  }

  get names(): readonly string[] {
    return this.#best.map(({ name }) => name);
  }

  /** ` (did you mean a, b?)`, or nothing. */
  get hint(): string {
    return this.#best.length === 0 ? '' : ` (did you mean ${this.names.join(', ')}?)`;
  }

  get #limit(): number {
    return Math.max(1, Math.floor(this.#wanted.length * FARTHEST));
  }
}

/** Of all names. */
export function nearest(wanted: string, names: Iterable<string>): string {
  const near = new NearestNames(wanted);
  for (const name of names) near.add(name);
  return near.hint;
}

/** Letters to change, insert, take out or swap with the next; anything above `limit` where it is more. */
function distanceOf(a: string, b: string, limit: number): number {
  let earlier: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (earlier[j - 2] as number) + 1 : change;
      const cost = Math.min(change, swap, (before[j] as number) + 1, (row[j - 1] as number) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return least;
    earlier = before;
    before = row;
  }
  return before[b.length] as number;
}
