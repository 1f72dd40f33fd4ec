// What was mapped where in which process, and when: a history of program images per pid. An
// image starts at fork or exec and is never changed by what comes after its time, so an address
// sampled in one image is never looked up in another.

import { ImageMappings, type MappedObject } from './image-mappings.ts';
import type { ObjectFile } from './object-files.ts';
import type { Mapping, SideBandRecord } from './perf-records.ts';

/** `jit-PID.dump`, or as JavaScriptCore has it, `jit-PID-TID-XXXXXX`. */
const JIT_DUMP = /\/jit-\d+[^/]*$/;

interface Image {
  readonly since: bigint;
  readonly mappings: ImageMappings;
}

export class AddressSpaces {
  private readonly images = new Map<number, Image[]>();

  /** @param open secures what a new executable mapping maps, as early as it is known. */
  constructor(
    private readonly open: (
      pid: number,
      mapping: Mapping,
      time: bigint,
    ) => ObjectFile | undefined = () => undefined,
  ) {}

  /** Processes whose mappings are followed; children of followed ones are added by fork. */
  get pids(): ReadonlySet<number> {
    return new Set(this.images.keys());
  }

  /** Follows a process from now on, with what /proc says it has mapped already. */
  seed(pid: number, mappings: readonly Mapping[]): void {
    // They were there before anything was sampled.
    const image = { since: 0n, mappings: ImageMappings.empty() };
    for (const mapping of mappings) image.mappings.add(0n, mapping);
    this.images.set(pid, [image]);
  }

  /** Applies records in the order of their time. */
  apply(record: SideBandRecord): void {
    switch (record.type) {
      case 'fork': {
        const parent = this.images.get(record.parent)?.at(-1);
        if (parent === undefined) return;
        this.start(record.pid, { since: record.time, mappings: parent.mappings.fork() });
        return;
      }
      case 'exec':
        if (this.images.has(record.pid))
          this.start(record.pid, { since: record.time, mappings: ImageMappings.empty() });
        return;
      case 'mapping': {
        const { pid, time, mapping } = record;
        const image = this.images.get(pid)?.at(-1);
        image?.mappings.add(time, { ...mapping, object: this.open(pid, mapping, time) });
        return;
      }
    }
  }

  /**
   * Forgets what nobody asks for any more: images that were replaced by `time`, and the last one
   * as well if the process ended then. An image that began later is another process's.
   */
  forget(pid: number, time: bigint, ended: boolean): void {
    const images = this.images.get(pid);
    if (images === undefined) return;
    const kept = images.filter((image, index) => {
      const next = images[index + 1];
      if (image.since > time) return true;
      return next === undefined || next.since > time ? !ended : false;
    });
    if (kept.length === 0) this.images.delete(pid);
    else this.images.set(pid, kept);
  }

  /** The mapping that held at `time`. */
  find(pid: number, address: number, time: bigint): MappedObject | undefined {
    return this.imageAt(pid, time)?.mappings.find(address, time);
  }

  /** The jitdump that the image of that time had mapped by then. */
  jitDump(pid: number, time: bigint): MappedObject | undefined {
    return this.imageAt(pid, time)?.mappings.newest(time, ({ path }) => JIT_DUMP.test(path));
  }

  private imageAt(pid: number, time: bigint): Image | undefined {
    return this.images.get(pid)?.findLast(({ since }) => since <= time);
  }

  private start(pid: number, image: Image): void {
    const images = this.images.get(pid);
    if (images === undefined) this.images.set(pid, [image]);
    else images.push(image);
  }
}
