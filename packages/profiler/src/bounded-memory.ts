// What keeps a recording of hours from growing: from time to time what was sampled gets its names, and
// then the files are closed that no process has mapped any more, and ended processes' code is forgotten.

import type { AddressSpaces } from './mappings/address-spaces.ts';
import type { MappedObject, NewMapping } from './mappings/image-mappings.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import { nameOf, type ObjectFile, type ObjectFiles } from './mappings/object-files.ts';
import type { StackCollector } from './stacks/stack-collector.ts';
import type { ObjectReader } from './symbolization/symbolization-client.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';

const EVERY_MS = 10_000;
/** Files opened since the last time that make it due at once. */
const MANY_FILES = 256;
const AT_MOST_EVERY_MS = 1000;

interface Parts {
  readonly spaces: AddressSpaces;
  readonly objects: ObjectFiles;
  readonly jitMaps: JitMaps;
  readonly reader: ObjectReader;
  readonly symbolizer: Symbolizer;
  /** The one that samples are added to now. */
  readonly collector: () => StackCollector;
  /** Pids that exist. */
  readonly alive: () => readonly number[];
}

export class BoundedMemory {
  private lastAt = performance.now();
  private openThen = 0;
  private running = false;

  constructor(
    private readonly parts: Parts,
    /** Whether frames wait elsewhere: in a collection that is named, or kept one by one. */
    private readonly isHeld: () => boolean,
    /** A process whose end nobody told of. */
    private readonly hasEnded: (pid: number) => void,
  ) {}

  /** To be called often. */
  keep(): void {
    const since = performance.now() - this.lastAt;
    const isMany = this.parts.objects.open - this.openThen > MANY_FILES && since > AT_MOST_EVERY_MS;
    if (this.running || (since < EVERY_MS && !isMany)) return;
    this.lastAt = performance.now();
    this.running = true;
    this.missEnded();
    this.parts.symbolizer.renewTime();
    this.parts
      .collector()
      .nameNow(this.parts.symbolizer)
      .then(
        () => this.sweep(),
        // The reader was closed, or a file could not be read: named at the end, or never.
        () => {},
      )
      .finally(() => {
        this.running = false;
      });
  }

  /** Events of their exits may be lost. */
  private missEnded(): void {
    const alive = new Set(this.parts.alive());
    for (const pid of this.parts.spaces.pids) if (!alive.has(pid)) this.hasEnded(pid);
  }

  private sweep(): void {
    if (this.isHeld()) return;
    const { spaces, objects, jitMaps, reader } = this.parts;
    const images = spaces.inUse();
    jitMaps.forgetEnded((image) => images.has(image));
    // Those that are read by their number, which would be the next file's.
    const used = new Set<ObjectFile>(reader.reading());
    const names = new Set<string>();
    const seen = new Set<unknown>();
    const mark = (mapping: MappedObject | NewMapping) => {
      if (mapping.object !== undefined) used.add(mapping.object);
      else names.add(nameOf(mapping));
      if (mapping.former !== undefined) mark(mapping.former);
    };
    for (const { mappings } of images) mappings.forEach(mark, seen);
    for (const frame of this.parts.collector().waiting())
      if (frame.kind === 'user') used.add(frame.object);
    objects.forget(
      (object) => used.has(object),
      (name) => names.has(name),
    );
    this.openThen = objects.open;
  }
}
