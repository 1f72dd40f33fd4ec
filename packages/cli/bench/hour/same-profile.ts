// How far two profiles of one minute are from each other: the largest difference of a share, by program and by function.

import { parseFolded } from '@waggle/formats';

export interface Difference {
  readonly what: string;
  /** Shares in percent. */
  readonly one: number;
  readonly other: number;
}

/** Samples by program, or by program and the function that ran. */
export class Shares {
  readonly #counts = new Map<string, number>();
  total = 0;

  add(key: string, count: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    this.total += count;
  }

  of(key: string): number {
    return (100 * (this.#counts.get(key) ?? 0)) / this.total;
  }

  get keys(): Iterable<string> {
    return this.#counts.keys();
  }
}

/**
 * @param folded stacks whose root is a program, or `program (pid)`
 * @param without whoever looks, by pid: not part of what is compared
 */
export function sharesOf(
  folded: string,
  without: ReadonlySet<string> = new Set(),
): { readonly programs: Shares; readonly functions: Shares } {
  const [programs, functions] = [new Shares(), new Shares()];
  for (const { frames, count } of parseFolded(folded).stacks) {
    const root = frames[0]?.name ?? '';
    const [, name = root, pid = ''] = /^(.*) \((\d+)\)$/.exec(root) ?? [];
    if (without.has(pid)) continue;
    programs.add(name, count);
    functions.add(`${name}: ${frames.at(-1)?.name}`, count);
  }
  return { programs, functions };
}

export function differences(one: Shares, other: Shares): Difference[] {
  return [...new Set([...one.keys, ...other.keys])]
    .map((what) => ({ what, one: one.of(what), other: other.of(what) }))
    .sort((a, b) => Math.abs(b.one - b.other) - Math.abs(a.one - a.other));
}
