/**
 * Frames and stacks as small numbers, without whose they are: two thousand processes of one program share their
 * stacks. (The table of `waggle top` has the process in each stack, since it counts trees by process and forgets
 * in minutes.)
 */

import type { ProfileFrame, ProfileStack } from '@waggle/formats';

export class StackTable {
  #frameIds = new Map<string, number>();
  #frames: ProfileFrame[] = [];
  #stackIds = new Map<string, number>();
  #stacks: Int32Array[] = [];
  #frameNumbers = 0;

  /** Distinct stacks. */
  get size(): number {
    return this.#stacks.length;
  }

  /** About what it takes: a stack is there twice, as numbers and as the key that finds it. */
  get bytes(): number {
    return this.#frameNumbers * 10 + this.#stacks.length * 160 + this.#frames.length * 300;
  }

  /** @throws RangeError for a number that the table did not give */
  frames(stack: number): ProfileFrame[] {
    const ids = this.#stacks[stack];
    if (ids === undefined) throw new RangeError(`there is no stack ${stack}`);
    return Array.from(ids, (id) => this.#frames[id] as ProfileFrame);
  }

  idOf(frames: readonly ProfileFrame[]): number {
    const ids = Int32Array.from(frames, (frame) => this.#frameId(frame));
    const key = ids.join();
    const known = this.#stackIds.get(key);
    if (known !== undefined) return known;
    const id = this.#stacks.push(ids) - 1;
    this.#frameNumbers += ids.length;
    this.#stackIds.set(key, id);
    return id;
  }

  /** A table with these stacks alone, and the numbers that they have there. */
  only(stacks: Iterable<number>): {
    readonly table: StackTable;
    readonly renumbered: Map<number, number>;
  } {
    const table = new StackTable();
    const renumbered = new Map<number, number>();
    for (const stack of stacks)
      if (!renumbered.has(stack)) renumbered.set(stack, table.idOf(this.frames(stack)));
    return { table, renumbered };
  }

  #frameId(frame: ProfileFrame): number {
    const { name, kind, object, file, line, inlined } = frame;
    const key = `${kind}\0${object ?? ''}\0${name}\0${file ?? ''}\0${line ?? ''}\0${inlined ?? ''}`;
    const known = this.#frameIds.get(key);
    if (known !== undefined) return known;
    const kept: ProfileFrame = { name, kind, object, file, line, inlined };
    const id = this.#frames.push(kept) - 1;
    this.#frameIds.set(key, id);
    return id;
  }
}

/** The process of a stack and its frames, of which the first is `PID:START` by `ownerFrame`. */
export function splitOwner({ frames }: ProfileStack): {
  readonly owner: string | undefined;
  readonly frames: readonly ProfileFrame[];
} {
  const [first, ...rest] = frames;
  return first !== undefined && /^\d+:\d+$/.test(first.name) && first.kind === 'process'
    ? { owner: first.name, frames: rest }
    : { owner: undefined, frames };
}
