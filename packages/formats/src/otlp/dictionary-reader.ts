/** Follows the references of a request into its dictionary, and refuses those that lead nowhere. */

import type { MemoryBudget } from '../memory-budget.ts';
import type { FrameKind, ProfileFrame, ProfileMapping } from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { fileOffset, isUnnamed, unnamed } from '../unnamed-code.ts';
import { BUILD_ID, FRAME_KIND, FRAME_TYPE, KERNEL, KERNEL_FRAME } from './attributes.ts';
import type { Message } from './message.ts';

export class OtlpSyntaxError extends Error {
  override readonly name = 'OtlpSyntaxError';
  readonly code = 'OTLP_SYNTAX';
}

interface MappedObject {
  readonly object: string | undefined;
  readonly mapping: ProfileMapping | undefined;
}

const NO_OBJECT: MappedObject = { object: undefined, mapping: undefined };
const OUR_KINDS: readonly FrameKind[] = ['process', 'unresolved'];

export class DictionaryReader {
  readonly #tables: Message<'ProfilesDictionary'> | undefined;
  readonly #budget: MemoryBudget;
  readonly #frames = new Map<number, readonly ProfileFrame[]>();
  readonly #mappings = new Map<number, MappedObject>();

  constructor(tables: Message<'ProfilesDictionary'> | undefined, budget: MemoryBudget) {
    this.#budget = budget;
    this.#tables = tables;
  }

  string(index = 0): string {
    return index === 0 ? '' : entry(this.#tables?.stringTable, index, 'string');
  }

  /** Frames root first. */
  stack(index = 0): readonly ProfileFrame[] {
    if (index === 0) return [];
    const { locationIndices } = entry(this.#tables?.stackTable, index, 'stack');
    const places = locationIndices.map((location) => this.#location(location)).reverse();
    this.#budget.stack(places.reduce((sum, place) => sum + place.length, 0));
    return places.flat();
  }

  /** Attributes that are text or whole numbers: others have no use here. */
  attributes(indices: readonly number[]): ReadonlyMap<string, string | number> {
    const found = new Map<string, string | number>();
    for (const index of indices) {
      const { keyStrindex, value } = entry(this.#tables?.attributeTable, index, 'attribute');
      const plain = this.#value(value);
      if (plain !== undefined) found.set(this.string(keyStrindex), plain);
    }
    return found;
  }

  keyValues(list: readonly Message<'KeyValue'>[]): ReadonlyMap<string, string | number> {
    const found = new Map<string, string | number>();
    for (const { key, keyStrindex, value } of list) {
      const plain = this.#value(value);
      if (plain !== undefined) found.set(key || this.string(keyStrindex), plain);
    }
    return found;
  }

  #value(value: Message<'AnyValue'> | undefined): string | number | undefined {
    if (value?.stringValue !== undefined) return value.stringValue;
    if (value?.intValue !== undefined) return Number(value.intValue);
    if (value?.stringValueStrindex !== undefined) return this.string(value.stringValueStrindex);
    return undefined;
  }

  /** The functions at a location, callers first: more than one where they were inlined. */
  #location(index: number): readonly ProfileFrame[] {
    const known = this.#frames.get(index);
    if (known !== undefined) return known;
    const {
      mappingIndex,
      address = 0n,
      lines,
      attributeIndices,
    } = entry(this.#tables?.locationTable, index, 'location');
    const { object, mapping } = mappingIndex ? this.#mapping(mappingIndex) : NO_OBJECT;
    const place = address === 0n ? {} : { address, mapping };
    const attributes = this.attributes(attributeIndices);
    // The line of the innermost function comes first.
    const functions = lines
      .map(({ functionIndex, line = 0n }) => ({
        ...this.#function(functionIndex),
        line: Number(line),
      }))
      .reverse();
    if (functions.length === 0)
      functions.push({ name: unnamed(object, fileOffset(address, mapping)), file: '', line: 0 });
    const frames = functions.map(({ name, file, line }, depth): ProfileFrame => {
      const kind = kindOf(name, attributes);
      return {
        name,
        kind,
        ...(object === undefined || (kind === 'kernel' && object === KERNEL) ? {} : { object }),
        ...placeOf(file, line),
        ...(depth === 0 ? place : { inlined: true }),
      };
    });
    for (const frame of frames) this.#budget.frame(frame);
    this.#frames.set(index, frames);
    return frames;
  }

  #mapping(index: number): MappedObject {
    const known = this.#mappings.get(index);
    if (known !== undefined) return known;
    const row = entry(this.#tables?.mappingTable, index, 'mapping');
    const buildId = this.attributes(row.attributeIndices).get(BUILD_ID);
    const mapping: ProfileMapping = {
      start: row.memoryStart ?? 0n,
      limit: row.memoryLimit ?? 0n,
      fileOffset: row.fileOffset ?? 0n,
      ...(typeof buildId === 'string' && buildId !== '' ? { buildId } : {}),
    };
    const found = { object: this.string(row.filenameStrindex) || undefined, mapping };
    this.#mappings.set(index, found);
    return found;
  }

  #function(index = 0): { readonly name: string; readonly file: string } {
    const { nameStrindex, systemNameStrindex, filenameStrindex } = entry(
      this.#tables?.functionTable,
      index,
      'function',
    );
    const name = this.string(nameStrindex) || this.string(systemNameStrindex) || '[unknown]';
    return { name, file: this.string(filenameStrindex) };
  }
}

function kindOf(name: string, attributes: ReadonlyMap<string, string | number>): FrameKind {
  if (attributes.get(FRAME_TYPE) === KERNEL_FRAME) return 'kernel';
  const ours = OUR_KINDS.find((kind) => kind === attributes.get(FRAME_KIND));
  return ours ?? (isUnnamed(name) ? 'unresolved' : 'user');
}

function entry<Row>(table: readonly Row[] | undefined, index: number, what: string): Row {
  const row = table?.[index];
  if (row === undefined) throw new OtlpSyntaxError(`the dictionary has no ${what} ${index}`);
  return row;
}
