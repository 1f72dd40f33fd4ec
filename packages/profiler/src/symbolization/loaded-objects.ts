/**
 * The objects whose names were asked for last. Each holds its symbol table, and its debug files open
 * where lines are wanted, so an agent that runs for months keeps so many, and so many bytes of them, and
 * lets go of the others, and of those that nobody has asked for in a while: their tables are in the symbol cache,
 * within its own bounds, or are made anew.
 */

import type { ObjectSymbols, ReadBudget, SymbolHit } from '@waggle/symbols';
import type { FunctionBounds } from '@waggle/unwind';
import { LRUCache } from 'lru-cache';
import type { LeftOut } from '../frames/unresolved-frame.ts';
import { CodePlaces, type LinkedObject } from '../mappings/code-places.ts';

/** What names of an object are looked up by. */
export interface LoadedObject extends LinkedObject {
  vaddrOfFileOffset(offset: number): number | undefined;
  lookup(vaddr: number): SymbolHit | undefined;
  lines?: ObjectSymbols['lines'];
  /** Of memory; grows as lines are asked for. */
  readonly byteLength: number;
  close?(): void;
}

/** That an object has no names is known as well. */
export interface Known {
  readonly object: LoadedObject | undefined;
  readonly places: CodePlaces | undefined;
  /** What reading it takes from. */
  readonly budget: ReadBudget;
  /** Why names are missing, if some are. */
  readonly left: LeftOut | undefined;
  /** Made when code without a name is asked for. */
  bounds?: FunctionBounds;
}

export class LoadedObjects implements Disposable {
  readonly #known: LRUCache<string, Known>;

  readonly #maxBytes: number;
  readonly #unusedMs: number;

  constructor(maxObjects: number, maxBytes: number, unusedMs = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
    this.#unusedMs = unusedMs;
    this.#known = new LRUCache({
      max: maxObjects,
      dispose: ({ object }) => object?.close?.(),
      updateAgeOnGet: true,
    });
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Closes what was not used for longest, if there are too many. */
  set(key: string, object: LoadedObject | undefined, read: Pick<Known, 'budget' | 'left'>): Known {
    const added = { object, places: object && new CodePlaces(object), ...read };
    // What took more than it may is not read again and again.
    this.#known.set(key, added, { ttl: read.left === undefined ? this.#unusedMs : 0 });
    this.trim();
    return added;
  }

  /** Closes what nobody has asked for in a minute. */
  dropUnused(): void {
    this.#known.purgeStale();
  }

  /** Closes what was not used for longest, if that is too much by now; the last one stays. */
  trim(): void {
    let bytes = 0;
    for (const { object } of this.#known.values()) bytes += object?.byteLength ?? 0;
    while (this.#known.size > 1 && bytes > this.#maxBytes)
      bytes -= this.#known.pop()?.object?.byteLength ?? 0;
  }

  [Symbol.dispose](): void {
    this.#known.clear();
  }
}
