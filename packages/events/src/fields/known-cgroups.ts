/**
 * What the keys of records mean, as the kernel tells it before it uses one: the cgroup's path and the
 * container in it. Nothing here reads /proc, so it holds for processes and cgroups that are gone.
 */

import { type CgroupRecord, recordBounds } from '@waggle/bpf';
import { type CgroupInfo, chooseCgroup } from '@waggle/cache';

/** The kernel repeats what is not among its own 4096 most recently used any more. */
const MAX_CGROUPS = 4 * recordBounds.TOLD_CGROUPS_MAX;
const NO_CGROUP: CgroupInfo = Object.freeze({ path: '/', version: 2 });

export class KnownCgroups {
  readonly #byKey = new Map<number, CgroupInfo>([[0, NO_CGROUP]]);
  #lastKey = 0;
  #last: CgroupInfo | undefined = NO_CGROUP;

  readonly #isTold: (key: number) => boolean;

  /** @param isTold whether the kernel will not repeat a key. */
  constructor(isTold: (key: number) => boolean) {
    this.#isTold = isTold;
  }

  add({ key, paths }: CgroupRecord): void {
    const lines = paths.map(({ version, controllers, path }) => ({
      version,
      controllers: [controllers],
      path,
    }));
    if (this.#byKey.size >= MAX_CGROUPS) this.#forget();
    // Once more at the end, if it was known: the order is that of the last time.
    this.#byKey.delete(key);
    this.#byKey.set(key, chooseCgroup(lines) ?? NO_CGROUP);
    this.#lastKey = -1;
  }

  /** undefined: it was told, and the record was lost. */
  find(key: number): CgroupInfo | undefined {
    if (key === this.#lastKey) return this.#last;
    this.#last = this.#byKey.get(key);
    this.#lastKey = key;
    return this.#last;
  }

  /** Keeps the half that was told last, and what the kernel still counts on. */
  #forget(): void {
    let surplus = this.#byKey.size / 2;
    for (const key of this.#byKey.keys()) {
      if (surplus-- <= 0) return;
      if (key !== 0 && !this.#isTold(key)) this.#byKey.delete(key);
    }
  }
}
