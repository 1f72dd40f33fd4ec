// What keeps a recording of hours from growing: from time to time what was sampled gets its names, and
// the files are closed that no process has mapped any more and no sample waits for, and ended processes'
// code is forgotten. Most new files are never sampled: those need no naming, and go before it.

import type { Frame } from './frames/frame-table.ts';
import { GarbageCollection } from './garbage.ts';
import type { AddressSpaces } from './mappings/address-spaces.ts';
import type { MappedObject, NewMapping } from './mappings/image-mappings.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import type { ObjectFile } from './mappings/object-file.ts';
import { nameOf, type ObjectFiles } from './mappings/object-files.ts';
import type { StackCollector } from './stacks/stack-collector.ts';
import type { SymbolizationClient } from './symbolization/symbolization-client.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';

const EVERY_MS = 10_000;
/** Files opened, or stacks, since the last naming that make the next one due at once. */
const MANY_FILES = 256;
const MANY_STACKS = 65_536;
const MIN_INTERVAL_MS = 1000;
/** Files opened since the last sweep that make one due. */
const FILES_UNTIL_SWEPT = 64;
const MIN_SWEEP_INTERVAL_MS = 250;
/** All that is mapped is looked at: a host with many processes is swept less often. */
const SWEEP_SHARE = 1 / 20;

interface Parts {
  readonly spaces: AddressSpaces;
  readonly objects: ObjectFiles;
  readonly jitMaps: JitMaps;
  readonly reader: SymbolizationClient;
  readonly symbolizer: Symbolizer;
  /** The one that samples are added to now. */
  readonly collector: () => StackCollector;
  /** Pids that exist. */
  readonly alive: () => readonly number[];
}

export class BoundedMemory {
  #namedAt = performance.now();
  #openWhenNamed = 0;
  #openWhenSwept = 0;
  #sweepAt = 0;
  readonly #garbage = new GarbageCollection();
  #isNaming = false;

  readonly #parts: Parts;
  readonly #held: () => Iterable<Frame>;
  readonly #hasEnded: (pid: number) => void;

  constructor(
    parts: Parts,
    /** Frames that wait elsewhere: in a collection that is named, or kept one by one. */
    held: () => Iterable<Frame>,
    /** A process whose end nobody told of. */
    hasEnded: (pid: number) => void,
  ) {
    this.#parts = parts;
    this.#held = held;
    this.#hasEnded = hasEnded;
  }

  /** To be called often. */
  keep(): void {
    const { open } = this.#parts.objects;
    if (!this.#isNaming && this.#isNamingDue(open)) this.#name();
    const isMany = open - this.#openWhenSwept > FILES_UNTIL_SWEPT;
    if (isMany && performance.now() > this.#sweepAt) this.#sweep();
  }

  #isNamingDue(open: number): boolean {
    const since = performance.now() - this.#namedAt;
    if (since > EVERY_MS) return true;
    const isMany =
      open - this.#openWhenNamed > MANY_FILES || this.#parts.collector().unnamed > MANY_STACKS;
    return isMany && since > MIN_INTERVAL_MS;
  }

  #name(): void {
    this.#namedAt = performance.now();
    this.#isNaming = true;
    this.#missEnded();
    this.#parts.symbolizer.renewTime();
    this.#parts
      .collector()
      .nameNow(this.#parts.symbolizer)
      .then(
        () => {
          this.#sweep();
          this.#openWhenNamed = this.#parts.objects.open;
          this.#garbage.whenDue();
        },
        // The reader was closed, or a file could not be read: named at the end, or never.
        () => {},
      )
      .finally(() => {
        this.#isNaming = false;
      });
  }

  /** Events of their exits may be lost. */
  #missEnded(): void {
    const alive = new Set(this.#parts.alive());
    for (const pid of this.#parts.spaces.pids) if (!alive.has(pid)) this.#hasEnded(pid);
  }

  #sweep(): void {
    const startedAt = performance.now();
    const { spaces, objects, jitMaps, reader } = this.#parts;
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
    for (const frames of [this.#parts.collector().waiting(), this.#held()])
      for (const frame of frames) if (frame.kind === 'user') used.add(frame.object);
    objects.forget(
      (object) => used.has(object),
      (name) => names.has(name),
    );
    this.#openWhenSwept = objects.open;
    const took = performance.now() - startedAt;
    this.#sweepAt = startedAt + Math.max(MIN_SWEEP_INTERVAL_MS, took / SWEEP_SHARE);
  }
}
