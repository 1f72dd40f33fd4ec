// What was mapped where in which process, and when: a history of program images per pid. An
// image starts at fork or exec and is never changed by what comes after its time, so an address
// sampled in one image is never looked up in another.

import type { Mapping, SideBandRecord } from './perf-records.ts';

interface TimedMapping {
  readonly since: bigint;
  readonly mapping: Mapping;
}

class Image {
  private readonly mappings: TimedMapping[];

  constructor(
    readonly since: bigint,
    inherited: readonly TimedMapping[] = [],
  ) {
    this.mappings = [...inherited];
  }

  add(since: bigint, mapping: Mapping): void {
    this.mappings.push({ since, mapping });
  }

  /** For a child: what is mapped at the moment of its birth. */
  snapshot(): readonly TimedMapping[] {
    return this.mappings;
  }

  /** The newest mapping of the address that was there at `time`. */
  find(address: number, time: bigint): Mapping | undefined {
    for (let index = this.mappings.length - 1; index >= 0; index--) {
      const entry = this.mappings[index];
      if (entry === undefined || entry.since > time) continue;
      const { mapping } = entry;
      if (address >= mapping.start && address < mapping.end) return mapping;
    }
    return undefined;
  }
}

export class AddressSpaces {
  private readonly images = new Map<number, Image[]>();

  /** @param onMapping sees each new executable mapping, to secure its file early. */
  constructor(private readonly onMapping: (pid: number, mapping: Mapping) => void = () => {}) {}

  /** Processes whose mappings are followed; children of followed ones are added by fork. */
  get pids(): ReadonlySet<number> {
    return new Set(this.images.keys());
  }

  /** Follows a process from now on, with what /proc says it has mapped already. */
  seed(pid: number, mappings: readonly Mapping[]): void {
    // They were there before anything was sampled.
    const image = new Image(0n);
    for (const mapping of mappings) image.add(0n, mapping);
    this.images.set(pid, [image]);
  }

  /** Applies records in the order of their time. */
  apply(record: SideBandRecord): void {
    switch (record.type) {
      case 'fork': {
        const parent = this.images.get(record.parent)?.at(-1);
        if (parent !== undefined) this.start(record.pid, new Image(record.time, parent.snapshot()));
        return;
      }
      case 'exec':
        if (this.images.has(record.pid)) this.start(record.pid, new Image(record.time));
        return;
      case 'mapping': {
        const image = this.images.get(record.pid)?.at(-1);
        if (image === undefined) return;
        image.add(record.time, record.mapping);
        this.onMapping(record.pid, record.mapping);
        return;
      }
    }
  }

  /** The mapping that held at `time`. */
  find(pid: number, address: number, time: bigint): Mapping | undefined {
    const images = this.images.get(pid);
    if (images === undefined) return undefined;
    for (let index = images.length - 1; index >= 0; index--) {
      const image = images[index];
      if (image !== undefined && image.since <= time) return image.find(address, time);
    }
    return undefined;
  }

  private start(pid: number, image: Image): void {
    const images = this.images.get(pid);
    if (images === undefined) this.images.set(pid, [image]);
    else images.push(image);
  }
}
