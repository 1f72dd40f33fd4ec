// The objects whose names were asked for last. Each holds its symbol table, and its debug files open
// where lines are wanted, so an agent that runs for months keeps so many and lets go of the others:
// their tables are in the symbol cache, within its own bound, or are made anew.

import type { ObjectSymbols, SymbolHit } from '@waggle/symbols';
import type { FunctionBounds } from '@waggle/unwind';
import { CodePlaces, type LinkedObject } from './code-places.ts';

/** A host under builds executes more files in a minute, and samples few of them again. */
const MAX_OBJECTS = 256;

/** What names of an object are looked up by. */
export interface NamedObject extends LinkedObject {
  vaddrOfFileOffset(offset: number): number | undefined;
  lookup(vaddr: number): SymbolHit | undefined;
  lines?: ObjectSymbols['lines'];
  close?(): void;
}

/** That an object has no names is known as well. */
export interface Known {
  readonly object: NamedObject | undefined;
  readonly places: CodePlaces | undefined;
  /** Made when code without a name is asked for. */
  bounds?: FunctionBounds;
}

export class NamedObjects implements Disposable {
  /** In order of use, the last used at the end. */
  private readonly known = new Map<string, Known>();

  constructor(private readonly maxObjects = MAX_OBJECTS) {}

  get(key: string): Known | undefined {
    const known = this.known.get(key);
    if (known === undefined) return undefined;
    this.known.delete(key);
    this.known.set(key, known);
    return known;
  }

  /** Closes what was not used for longest, if there are too many. */
  set(key: string, object: NamedObject | undefined): Known {
    const added = { object, places: object && new CodePlaces(object) };
    this.known.set(key, added);
    for (const [oldest, known] of this.known) {
      if (this.known.size <= this.maxObjects) break;
      this.known.delete(oldest);
      known.object?.close?.();
    }
    return added;
  }

  [Symbol.dispose](): void {
    for (const { object } of this.known.values()) object?.close?.();
    this.known.clear();
  }
}
