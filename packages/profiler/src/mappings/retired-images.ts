/**
 * Program images that ended, by exit or exec, until no sample of theirs can be left: the maps are drained
 * in rounds, and a sample is handed out in the round after its own at the latest, unless it waits for an
 * unwind table.
 */

/** Of the round in which the end was seen, the one after it, and one that had begun. */
const ROUNDS_UNTIL_FORGOTTEN = 3;

export interface RetiredImage {
  readonly pid: number;
  /** When it ended, CLOCK_BOOTTIME. */
  readonly time: bigint;
  /** The process ended too; false where another program took its place. */
  readonly ended: boolean;
}

export class RetiredImages {
  readonly #images: { readonly image: RetiredImage; round: number }[] = [];
  #round = 0;

  add(image: RetiredImage): void {
    this.#images.push({ image, round: this.#round });
  }

  /**
   * A round is over. Returns the images of which no sample can be left.
   *
   * @param waiting pids of samples that wait for a table, asked for only where an image is due; its end
   * counts from then
   */
  endRound(waiting: () => ReadonlySet<number> | undefined): RetiredImage[] {
    this.#round++;
    const notDue = this.#images.findIndex(
      ({ round }) => this.#round - round < ROUNDS_UNTIL_FORGOTTEN,
    );
    const due = this.#images.splice(0, notDue < 0 ? this.#images.length : notDue);
    if (due.length === 0) return [];
    const held = waiting();
    for (const entry of due) {
      if (held?.has(entry.image.pid)) this.#images.push({ ...entry, round: this.#round });
    }
    return due.flatMap(({ image }) => (held?.has(image.pid) ? [] : [image]));
  }
}
