/**
 * The dictionary of a request: whatever samples refer to, each thing once. The first row of each table
 * is its zero value, so that a reference of 0, which is also what an absent field reads as, is none.
 */
import { AddressMap } from '../address-map.ts';
import { Interned } from '../interned.ts';
import { mainObject } from '../main-object.ts';
import { writableName } from '../merged-stacks.ts';
import type { Profile, ProfileFrame } from '../profile.ts';
import { byAddress } from '../source-place.ts';
import { BUILD_ID, FRAME_KIND, FRAME_TYPE, KERNEL, KERNEL_FRAME } from './attributes.ts';
import type { Draft } from './message.ts';

const NONE = 0;
const NO_FRAME: ProfileFrame = { name: '', kind: 'unresolved' };
/** Readers that want 16 and 8 bytes in every link get them in the one that stands for none. */
const NO_LINK: Draft<'Link'> = { traceId: new Uint8Array(16), spanId: new Uint8Array(8) };

export class OtlpDictionary {
  readonly #frames = new Map<ProfileFrame, number>();
  /** Locations by the numbers of their frames. */
  readonly #known = new Map<string, number>();
  readonly #strings = new Interned<string>(['']);
  readonly #code: AddressMap;
  readonly #functions = new Interned<Draft<'Function'>>([{}]);
  readonly #locations = new Interned<Draft<'Location'>>([{}]);
  readonly #stacks = new Interned<Draft<'Stack'>>([{}]);
  readonly #attributes = new Interned<Draft<'KeyValueAndUnit'>>([{}]);

  /** @param profile whose stacks will be asked for */
  constructor(profile: Profile) {
    const outermost = profile.stacks.flatMap(({ frames }) =>
      byAddress(frames).flatMap(([own]) => own ?? []),
    );
    this.#code = new AddressMap(outermost, mainObject(profile), mappingName);
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
    const locationIndices = byAddress(frames)
      .map((functions) => this.#location(functions))
      .reverse();
    return this.#stacks.indexOf(locationIndices.join(' '), () => ({ locationIndices }));
  }

  message(): Draft<'ProfilesDictionary'> {
    // First, since it adds to other tables.
    const mappings = this.#mappings();
    return {
      mappingTable: [{}, ...mappings],
      locationTable: this.#locations.rows,
      functionTable: this.#functions.rows,
      linkTable: [NO_LINK],
      stringTable: this.#strings.rows,
      attributeTable: this.#attributes.rows,
      stackTable: this.#stacks.rows,
    };
  }

  /** @param functions at one address, outermost first. */
  #location(functions: readonly ProfileFrame[]): number {
    const key = functions.map((frame) => this.#frame(frame)).join(' ');
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#newLocation(functions);
      this.#known.set(key, index);
    }
    return index;
  }

  /** Frames that are the same may have several numbers; none has one of another. */
  #frame(frame: ProfileFrame): number {
    let number = this.#frames.get(frame);
    if (number === undefined) {
      number = this.#frames.size;
      this.#frames.set(frame, number);
    }
    return number;
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
        line: BigInt(line),
      }))
      .reverse();
    const attributeIndices = this.#kindOf(own.kind);
    const places = lines.map(({ functionIndex, line }) => `${functionIndex}:${line}`);
    const key = `${mappingIndex} ${address} ${places} ${attributeIndices}`;
    return this.#locations.indexOf(key, () => ({ mappingIndex, address, lines, attributeIndices }));
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

  #function(nameStrindex: number, filenameStrindex: number): number {
    return this.#functions.indexOf(`${nameStrindex} ${filenameStrindex}`, () => ({
      nameStrindex,
      filenameStrindex,
    }));
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

/** The kernel proper, of which frames name no object, is one too. */
function mappingName({ kind, object }: ProfileFrame): string | undefined {
  return object?.toWellFormed() || (kind === 'kernel' ? KERNEL : undefined);
}
