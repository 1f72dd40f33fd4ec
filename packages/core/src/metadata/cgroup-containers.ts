// Container ids by cgroup. A cgroup stands for its container, so one read of /proc serves every
// process in it. It is named by its ids in two hierarchies: v2's, and the memory controller's for
// hosts that still run containers on v1.

import type { ProcessEntry } from '@waggle/cache';
import type { ExecEvent } from '../lifecycle/process-event.ts';

const MOST_CGROUPS = 4096;
/**
 * After a process that was gone too soon: in a storm of such, asking /proc for each in vain costs more
 * than everything else.
 */
const RETRY_MS = 50;

export class CgroupContainers {
  readonly #byMemoryCgroup = new Map<bigint, string | null>();
  readonly #byCgroup = new Map<bigint, string | null>();
  #lastKey = -1n;
  #lastContainer: string | null | undefined;
  #askAgainAt = 0;

  /** undefined: nobody of this cgroup was seen before, and this process was gone already. */
  find(event: ExecEvent, entry: ProcessEntry | undefined): string | null | undefined {
    const key = keyOf(event);
    if (key === this.#lastKey && this.#lastContainer !== undefined) return this.#lastContainer;
    const known = this.#byMemoryCgroup.get(key);
    const container = known === undefined ? this.#ask(entry) : known;
    if (container === undefined) return undefined;
    if (known === undefined) this.#remember(event, container);
    this.#lastKey = key;
    this.#lastContainer = container;
    return container;
  }

  /** Where only the v2 id is known. */
  known(cgroupId: bigint): string | null | undefined {
    return this.#byCgroup.get(cgroupId);
  }

  #ask(entry: ProcessEntry | undefined): string | null | undefined {
    if (performance.now() < this.#askAgainAt) return undefined;
    const container = entry?.containerId ?? (entry?.cgroup === undefined ? undefined : null);
    if (container === undefined) this.#askAgainAt = performance.now() + RETRY_MS;
    return container;
  }

  #remember(event: ExecEvent, container: string | null): void {
    if (this.#byMemoryCgroup.size >= MOST_CGROUPS) this.#byMemoryCgroup.clear();
    if (this.#byCgroup.size >= MOST_CGROUPS) this.#byCgroup.clear();
    this.#byMemoryCgroup.set(keyOf(event), container);
    this.#byCgroup.set(event.cgroupId, container);
  }
}

/** Cgroup ids are inode numbers of kernfs: 64 bits each, and in practice far below 2^32. */
function keyOf(event: ExecEvent): bigint {
  return (event.cgroupId << 64n) | event.memoryCgroupId;
}
