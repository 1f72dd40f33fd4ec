/**
 * The dictionary of a request: whatever samples refer to, each thing once. The first row of each table
 * is its zero value, so that a reference of 0, which is also what an absent field reads as, is none.
 * Rows are bytes as soon as they are met: of a profile of millions there is no object for each.
 */
import { WireWriter } from '@waggle/text/wire';
import { AddressMap } from '../address-map.ts';
import { Interned } from '../interned.ts';
import { mainObject } from '../main-object.ts';
import { writableName } from '../merged-stacks.ts';
import { PairTable } from '../pair-table.ts';
import type { Profile, ProfileFrame } from '../profile.ts';
import { byAddress, outermostOf } from '../source-place.ts';
import { keyOfNumbers, type StackKeys } from '../stack-keys.ts';
import { BUILD_ID, FRAME_KIND, FRAME_TYPE, KERNEL, KERNEL_FRAME } from './attributes.ts';
import type { Draft } from './message.ts';
import { encodeMessage } from './messages.ts';
import { profileMessages } from './schema.ts';

const NONE = 0;
const NO_FRAME: ProfileFrame = { name: '', kind: 'unresolved' };
/** Readers that want 16 and 8 bytes in every link get them in the one that stands for none. */
const NO_LINK: Draft<'Link'> = { traceId: new Uint8Array(16), spanId: new Uint8Array(8) };

const { ProfilesDictionary: TABLE, Location: LOCATION, Line: LINE } = profileMessages;
const { Function: FUNCTION, Stack: STACK } = profileMessages;

export class OtlpDictionary {
  readonly #keys: StackKeys;
  readonly #code: AddressMap;
  readonly #strings = new Interned<string>(['']);
  readonly #attributes = new Interned<Draft<'KeyValueAndUnit'>>([{}]);
  /** Rows of functions by name and file, from 1 on. */
  readonly #functions = new PairTable();
  readonly #functionRows = new WireWriter();
  readonly #locations = new Map<string, number>();
  readonly #locationRows = new WireWriter();
  /** Rows of locations that are one function, by its frame's rank; 0 where it has none yet. */
  readonly #ofOne: Uint32Array;
  /** Of those that are several, by their ranks. */
  readonly #ofSeveral = new Map<string, number>();
  readonly #stacks = new Map<string, number>();
  readonly #stackRows = new WireWriter();

  /**
   * @param profile whose stacks will be asked for
   * @param keys of those
   */
  constructor(profile: Profile, keys: StackKeys) {
    this.#keys = keys;
    this.#ofOne = new Uint32Array(keys.size);
    this.#code = new AddressMap(
      outermostOf(profile.stacks, keys),
      mainObject(profile),
      mappingName,
    );
    for (const [rows, table] of this.#writtenTables()) rows.delimited(table, new Uint8Array());
  }

  string(text: string): number {
    return text === '' ? NONE : this.#strings.indexOf(text, () => text);
  }

  valueType(type: string, unit: string): Draft<'ValueType'> {
    return { typeStrindex: this.string(type), unitStrindex: this.string(unit) };
  }

  attribute(key: string, value: string | number, unit = ''): number {
    return this.#attributes.indexOf(JSON.stringify([key, value, unit]), () => ({
      keyStrindex: this.string(key),
      value: typeof value === 'string' ? { stringValue: value } : { intValue: BigInt(value) },
      unitStrindex: this.string(unit),
    }));
  }

  /** `frames` are root first, as everywhere here; in the dictionary they are leaf first. */
  stack(frames: readonly ProfileFrame[]): number {
    if (frames.length === 0) return NONE;
    const locations = byAddress(frames).map((functions) => this.#location(functions));
    return rowOf(
      this.#stacks,
      keyOfNumbers(locations, (row) => row),
      () => {
        const rows = this.#stackRows;
        rows.message(TABLE.stackTable.id, () =>
          rows.integers(STACK.locationIndices.id, locations.reverse()),
        );
      },
    );
  }

  /** The tables one after the other, each a part of the bytes of the message. */
  parts(): readonly Uint8Array[] {
    // First, since it adds to other tables.
    const mappingTable = [{}, ...this.#mappings()];
    const strings = new WireWriter();
    for (const text of this.#strings.rows) strings.text(TABLE.stringTable.id, text);
    return [
      encodeMessage('ProfilesDictionary', { mappingTable }),
      this.#locationRows.bytes,
      this.#functionRows.bytes,
      encodeMessage('ProfilesDictionary', { linkTable: [NO_LINK] }),
      strings.bytes,
      encodeMessage('ProfilesDictionary', { attributeTable: this.#attributes.rows }),
      this.#stackRows.bytes,
    ];
  }

  #writtenTables(): readonly (readonly [WireWriter, number])[] {
    return [
      [this.#locationRows, TABLE.locationTable.id],
      [this.#functionRows, TABLE.functionTable.id],
      [this.#stackRows, TABLE.stackTable.id],
    ];
  }

  /** @param functions at one address, outermost first. */
  #location(functions: readonly ProfileFrame[]): number {
    const [own] = functions;
    if (own !== undefined && functions.length === 1) {
      const rank = this.#keys.rankOf(own);
      const known = this.#ofOne[rank];
      if (known) return known;
      const row = this.#newLocation(functions);
      this.#ofOne[rank] = row;
      return row;
    }
    const key = keyOfNumbers(functions, (frame) => this.#keys.rankOf(frame));
    let row = this.#ofSeveral.get(key);
    if (row === undefined) {
      row = this.#newLocation(functions);
      this.#ofSeveral.set(key, row);
    }
    return row;
  }

  #newLocation(functions: readonly ProfileFrame[]): number {
    const [own = NO_FRAME] = functions;
    const { row, address } = this.#code.placeOf(own);
    const mappingIndex = row === undefined ? NONE : row + 1;
    // Innermost first.
    const lines = functions
      .map(({ name, file = '', line = 0 }) => ({
        functionIndex: this.#function(
          this.string(writableName(name)),
          this.string(file.toWellFormed()),
        ),
        line,
      }))
      .reverse();
    const attributeIndices = this.#kindOf(own.kind);
    const places = lines.map(({ functionIndex, line }) => `${functionIndex}:${line}`);
    const key = `${mappingIndex} ${address} ${places} ${attributeIndices}`;
    return rowOf(this.#locations, key, () => {
      const rows = this.#locationRows;
      rows.message(TABLE.locationTable.id, () => {
        rows.integerOrNone(LOCATION.mappingIndex.id, mappingIndex);
        rows.integerOrNone(LOCATION.address.id, address);
        for (const { functionIndex, line } of lines)
          rows.message(LOCATION.lines.id, () => {
            rows.integerOrNone(LINE.functionIndex.id, functionIndex);
            rows.integerOrNone(LINE.line.id, line);
          });
        rows.integers(LOCATION.attributeIndices.id, attributeIndices);
      });
    });
  }

  #mappings(): Draft<'Mapping'>[] {
    return this.#code.rows.map(({ object, start, limit, fileOffset, buildId }) => ({
      memoryStart: start,
      memoryLimit: limit,
      fileOffset,
      filenameStrindex: this.string(object),
      attributeIndices:
        buildId === undefined ? [] : [this.attribute(BUILD_ID, buildId.toWellFormed())],
    }));
  }

  #function(name: number, filename: number): number {
    const known = this.#functions.length;
    const index = this.#functions.indexOf(name, filename);
    if (index === known) {
      const rows = this.#functionRows;
      rows.message(TABLE.functionTable.id, () => {
        rows.integerOrNone(FUNCTION.nameStrindex.id, name);
        rows.integerOrNone(FUNCTION.filenameStrindex.id, filename);
      });
    }
    return index + 1;
  }

  #kindOf(kind: ProfileFrame['kind']): readonly number[] {
    if (kind === 'user') return [];
    return [
      kind === 'kernel'
        ? this.attribute(FRAME_TYPE, KERNEL_FRAME)
        : this.attribute(FRAME_KIND, kind),
    ];
  }
}

/** The row of a key, from 1 on; written when it is not there yet. */
function rowOf(rows: Map<string, number>, key: string, write: () => void): number {
  let row = rows.get(key);
  if (row === undefined) {
    write();
    row = rows.size + 1;
    rows.set(key, row);
  }
  return row;
}

/** The kernel proper, of which frames name no object, is one too. */
function mappingName({ kind, object }: ProfileFrame): string | undefined {
  return object?.toWellFormed() || (kind === 'kernel' ? KERNEL : undefined);
}
