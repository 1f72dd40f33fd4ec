// Container ids by cgroup. A cgroup stands for its container, so one read of /proc serves every
// process in it. It is named by its ids in two hierarchies: v2's, and the memory controller's for
// hosts that still run containers on v1.

import type { ProcessEntry } from '@waggle/cache';
import type { ExecEvent } from '../lifecycle/process-event.ts';

const MOST_CGROUPS = 4096;

export class CgroupContainers {
  readonly #byMemoryCgroup = new Map<bigint, string | null>();
  readonly #byCgroup = new Map<bigint, string | null>();

  /** undefined: nobody of this cgroup was seen before, and this process was gone already. */
  find(event: ExecEvent, entry: ProcessEntry | undefined): string | null | undefined {
    const known = this.#byMemoryCgroup.get(keyOf(event));
    if (known !== undefined) return known;
    const container = entry?.containerId ?? (entry?.cgroup === undefined ? undefined : null);
    if (container !== undefined) this.#remember(event, container);
    return container;
  }

  /** Where only the v2 id is known. */
  known(cgroupId: bigint): string | null | undefined {
    return this.#byCgroup.get(cgroupId);
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
