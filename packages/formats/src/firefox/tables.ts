/**
 * Collects the tables that all threads of a Firefox profile share: a tree of stacks whose nodes are
 * frames, frames that are functions of a category, functions of a resource, and the strings of all.
 */
import { Interned } from '../interned.ts';
import { writableName } from '../merged-stacks.ts';
import type { ProfileFrame } from '../profile.ts';
import { CATEGORIES, type FirefoxLibrary, type FirefoxSharedTables, LIBRARY } from './file.ts';

const NOT_IN_A_RESOURCE = -1;
const NO_ADDRESS = -1;

export class FirefoxTables {
  readonly #strings = new Interned<string>();
  readonly #libraries = new Interned<FirefoxLibrary>();
  /** One for each library, with the library's row number. */
  readonly #resourceNames: number[] = [];
  readonly #functions = new Interned<{ name: number; resource: number }>();
  readonly #frames = new Interned<{ func: number; category: number }>();
  readonly #stacks = new Interned<{ frame: number; prefix: number | null }>();

  /** The row of a stack of these frames, root first; null for a stack of none. */
  stack(frames: readonly ProfileFrame[]): number | null {
    let prefix: number | null = null;
    for (const each of frames) {
      const frame = this.#frame(each);
      const caller: number | null = prefix;
      prefix = this.#stacks.indexOf(`${caller} ${frame}`, () => ({ frame, prefix: caller }));
    }
    return prefix;
  }

  libraries(): readonly FirefoxLibrary[] {
    return this.#libraries.rows;
  }

  shared(): FirefoxSharedTables {
    const stacks = this.#stacks.rows;
    const frames = this.#frames.rows;
    const functions = this.#functions.rows;
    const resources = this.#resourceNames;
    return {
      stringArray: this.#strings.rows,
      stackTable: {
        frame: stacks.map(({ frame }) => frame),
        prefix: stacks.map(({ prefix }) => prefix),
        length: stacks.length,
      },
      frameTable: {
        func: frames.map(({ func }) => func),
        category: frames.map(({ category }) => category),
        subcategory: frames.map(() => 0),
        address: frames.map(() => NO_ADDRESS),
        inlineDepth: frames.map(() => 0),
        nativeSymbol: frames.map(() => null),
        innerWindowID: frames.map(() => null),
        line: frames.map(() => null),
        column: frames.map(() => null),
        length: frames.length,
      },
      funcTable: {
        name: functions.map(({ name }) => name),
        isJS: functions.map(() => false),
        relevantForJS: functions.map(() => false),
        resource: functions.map(({ resource }) => resource),
        source: functions.map(() => null),
        lineNumber: functions.map(() => null),
        columnNumber: functions.map(() => null),
        length: functions.length,
      },
      resourceTable: {
        name: resources,
        lib: resources.map((_, library) => library),
        host: resources.map(() => null),
        type: resources.map(() => LIBRARY),
        length: resources.length,
      },
      nativeSymbols: { libIndex: [], address: [], name: [], functionSize: [], length: 0 },
      sources: { uuid: [], filename: [], length: 0 },
    };
  }

  #string(text: string): number {
    return this.#strings.indexOf(text, () => text);
  }

  #frame({ name, kind, object }: ProfileFrame): number {
    const func = this.#function(writableName(name), object?.toWellFormed());
    const category = CATEGORIES.findIndex((each) => each.kind === kind);
    return this.#frames.indexOf(`${func} ${category}`, () => ({ func, category }));
  }

  #function(text: string, object: string | undefined): number {
    const name = this.#string(text);
    const resource = object === undefined ? NOT_IN_A_RESOURCE : this.#resource(object);
    return this.#functions.indexOf(`${name} ${resource}`, () => ({ name, resource }));
  }

  #resource(path: string): number {
    return this.#libraries.indexOf(path, () => {
      const name = path.slice(path.lastIndexOf('/') + 1) || path;
      this.#resourceNames.push(this.#string(name));
      const empty = { arch: '', breakpadId: '', codeId: null };
      return { name, path, debugName: name, debugPath: path, ...empty };
    });
  }
}
