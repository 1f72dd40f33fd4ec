/**
 * Collects the tables that all threads of a Firefox profile share: a tree of stacks whose nodes are
 * frames, frames that are places in functions of a category, functions of a resource and a source, and
 * the strings of all.
 */
import { Interned } from '../interned.ts';
import { writableName } from '../merged-stacks.ts';
import { PairTable } from '../pair-table.ts';
import type { ProfileFrame } from '../profile.ts';
import { CATEGORIES, type FirefoxLibrary, type FirefoxSharedTables, LIBRARY } from './file.ts';

const NOT_IN_A_RESOURCE = -1;
const NO_ADDRESS = -1;
/** A root's. */
const NO_CALLER = -1;

interface FunctionRow {
  readonly name: number;
  readonly resource: number;
  readonly source: number | null;
}

interface FrameRow {
  readonly func: number;
  readonly category: number;
  readonly line: number | null;
  /** 0, or how many functions of the same address come before. */
  readonly inlineDepth: number;
}

export class FirefoxTables {
  readonly #strings = new Interned<string>();
  readonly #libraries = new Interned<FirefoxLibrary>();
  /** One for each library, with the library's row number. */
  readonly #resourceNames: number[] = [];
  /** Source files by the number of their string. */
  readonly #sources = new Interned<number>();
  readonly #functions = new Interned<FunctionRow>();
  readonly #frames = new Interned<FrameRow>();
  /** Each frame that was met, with the depth at which it was inlined, and its row. */
  readonly #numberOf = new Map<ProfileFrame, number>();
  readonly #met = new PairTable();
  readonly #rowOf: number[] = [];
  /** By the row of the caller and that of the frame. */
  readonly #stacks = new PairTable();

  /** The row of a stack of these frames, root first; null for a stack of none. */
  stack(frames: readonly ProfileFrame[]): number | null {
    let row = NO_CALLER;
    let inlineDepth = 0;
    for (const each of frames) {
      inlineDepth = each.inlined ? inlineDepth + 1 : 0;
      row = this.#stacks.indexOf(row, this.#frame(each, inlineDepth));
    }
    return row === NO_CALLER ? null : row;
  }

  libraries(): readonly FirefoxLibrary[] {
    return this.#libraries.rows;
  }

  shared(): FirefoxSharedTables {
    const { first: callers, second: called } = this.#stacks.columns;
    const frames = this.#frames.rows;
    const functions = this.#functions.rows;
    const resources = this.#resourceNames;
    return {
      stringArray: this.#strings.rows,
      stackTable: {
        frame: Array.from(called),
        prefix: Array.from(callers, (row) => (row === NO_CALLER ? null : row)),
        length: called.length,
      },
      frameTable: {
        func: frames.map(({ func }) => func),
        category: frames.map(({ category }) => category),
        subcategory: frames.map(() => 0),
        address: frames.map(() => NO_ADDRESS),
        inlineDepth: frames.map(({ inlineDepth }) => inlineDepth),
        nativeSymbol: frames.map(() => null),
        innerWindowID: frames.map(() => null),
        line: frames.map(({ line }) => line),
        column: frames.map(() => null),
        length: frames.length,
      },
      funcTable: {
        name: functions.map(({ name }) => name),
        isJS: functions.map(() => false),
        relevantForJS: functions.map(() => false),
        resource: functions.map(({ resource }) => resource),
        source: functions.map(({ source }) => source),
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
      sources: {
        uuid: this.#sources.rows.map(() => null),
        filename: this.#sources.rows,
        length: this.#sources.rows.length,
      },
    };
  }

  #string(text: string): number {
    return this.#strings.indexOf(text, () => text);
  }

  #frame(frame: ProfileFrame, inlineDepth: number): number {
    let number = this.#numberOf.get(frame);
    if (number === undefined) {
      number = this.#numberOf.size;
      this.#numberOf.set(frame, number);
    }
    const met = this.#met.indexOf(number, inlineDepth);
    this.#rowOf[met] ??= this.#newFrame(frame, inlineDepth);
    return this.#rowOf[met];
  }

  #newFrame(frame: ProfileFrame, inlineDepth: number): number {
    const func = this.#function(frame);
    const category = CATEGORIES.findIndex(({ kind }) => kind === frame.kind);
    const { line = null } = frame;
    return this.#frames.indexOf(`${func} ${category} ${line} ${inlineDepth}`, () => ({
      ...{ func, category, line, inlineDepth },
    }));
  }

  #function({ name: called, object, file }: ProfileFrame): number {
    const name = this.#string(writableName(called));
    const resource =
      object === undefined ? NOT_IN_A_RESOURCE : this.#resource(object.toWellFormed());
    const source = file === undefined ? null : this.#source(file.toWellFormed());
    return this.#functions.indexOf(`${name} ${resource} ${source}`, () => ({
      name,
      resource,
      source,
    }));
  }

  #source(file: string): number {
    const filename = this.#string(file);
    return this.#sources.indexOf(filename, () => filename);
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
