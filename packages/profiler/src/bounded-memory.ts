/**
 * What keeps a recording of hours from growing: from time to time what was sampled gets its names, and
 * the files are closed that no process has mapped any more and no sample waits for, ended processes'
 * code is forgotten, and unwind tables that only the kernel needs by now. Most new files are never sampled: those need no naming, and go before it.
 */

import type { Frame } from './frames/frame-table.ts';
import { GarbageCollection } from './garbage.ts';
import type { AddressSpaces } from './mappings/address-spaces.ts';
import type { MappedObject, NewMapping } from './mappings/image-mappings.ts';
import type { JitImage } from './mappings/jit-image.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import type { ObjectFile } from './mappings/object-file.ts';
import { numberOf, type ObjectFiles } from './mappings/object-files.ts';
import type { StackCollector } from './stacks/stack-collector.ts';
import type { SymbolizationClient } from './symbolization/symbolization-client.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';
import type { UnwindTables } from './unwinding/unwind-tables.ts';

const EVERY_MS = 10_000;
/** Files that may wait for a naming, and stacks, and memory taken since the last, that make one due at once. */
const MANY_FILES = 128;
const MANY_STACKS = 65_536;
/** Of perf maps and jitdumps, which ended programs hold until their samples have names. */
const MANY_MAP_BYTES = 16 * 1024 * 1024;
const MIN_INTERVAL_MS = 1000;
/** Files opened since the last pruning that make one due. */
const FILES_UNTIL_SWEPT = 64;
const MIN_PRUNE_INTERVAL_MS = 250;
/** All that is mapped is looked at: a host with many processes is swept less often. */
const PRUNE_SHARE = 1 / 20;

interface Parts {
  readonly spaces: AddressSpaces;
  readonly objects: ObjectFiles;
  readonly jitMaps: JitMaps;
  readonly reader: SymbolizationClient;
  readonly symbolizer: Symbolizer;
  /** None where stacks are walked by frame pointers alone. */
  readonly tables: UnwindTables | undefined;
  /** The one that samples are added to now. */
  readonly collector: () => StackCollector;
  /** Pids that exist. */
  readonly alive: () => readonly number[];
}

export class BoundedMemory {
  #namedAt = performance.now();
  /** Files that no naming would close, when it was looked last. */
  #needed = 0;
  #mapBytesWhenNamed = 0;
  #openWhenSwept = 0;
  #pruneAt = 0;
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
    if (isMany && performance.now() > this.#pruneAt) this.#prune();
  }

  #isNamingDue(open: number): boolean {
    const since = performance.now() - this.#namedAt;
    if (since > EVERY_MS) return true;
    const { collector, jitMaps } = this.#parts;
    const isMany =
      open - this.#needed > MANY_FILES ||
      collector().unnamed > MANY_STACKS ||
      jitMaps.bytes - this.#mapBytesWhenNamed > MANY_MAP_BYTES;
    return isMany && since > MIN_INTERVAL_MS;
  }

  #name(): void {
    this.#namedAt = performance.now();
    this.#isNaming = true;
    this.#missEnded();
    this.#parts.tables?.dropUnused();
    this.#parts.symbolizer.renewTime();
    this.#parts
      .collector()
      .nameNow(this.#parts.symbolizer)
      .then(
        () => {
          this.#prune();
          this.#mapBytesWhenNamed = this.#parts.jitMaps.bytes;
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

  #prune(): void {
    const startedAt = performance.now();
    const { spaces, objects, jitMaps, reader } = this.#parts;
    const images = spaces.inUse();
    // Those that are read by their number, which would be the next file's.
    const used = new Set<ObjectFile>(reader.reading());
    const numbers = new Set<string>();
    const seen = new Set<unknown>();
    const mark = (mapping: MappedObject | NewMapping) => {
      if (mapping.object !== undefined) used.add(mapping.object);
      else numbers.add(numberOf(mapping));
      if (mapping.former !== undefined) mark(mapping.former);
    };
    for (const { mappings } of images) mappings.forEach(mark, seen);
    const asked = new Set<JitImage>();
    const markFrames = (frames: Iterable<Frame>) => {
      for (const frame of frames)
        if (frame.kind === 'user') used.add(frame.object);
        else if (frame.kind === 'jit') asked.add(frame.code);
    };
    markFrames(this.#held());
    // What was sampled while others were named waits as well: a naming is due for those too.
    this.#needed = openFiles(used);
    markFrames(this.#parts.collector().waiting());
    jitMaps.forgetEnded((image) => images.has(image), asked);
    objects.forget(
      (object) => used.has(object),
      (number) => numbers.has(number),
    );
    this.#openWhenSwept = objects.open;
    const took = performance.now() - startedAt;
    this.#pruneAt = startedAt + Math.max(MIN_PRUNE_INTERVAL_MS, took / PRUNE_SHARE);
  }
}

/** An object that was written to while it was mapped is several of one file. */
function openFiles(objects: Iterable<ObjectFile>): number {
  const files = new Set<number>();
  for (const { fd } of objects) if (fd !== undefined) files.add(fd);
  return files.size;
}
