/**
 * Writes pprof. Two values for each stack, samples and (with a known frequency) the CPU time they
 * stand for, or those that the profile has. A frame becomes a location of one line, or of one more
 * for each function that was inlined there; its object becomes the mapping, the main one first. What a
 * frame is (kernel, process, ...) has no field of its
 * own: kernel code is in a mapping called `[kernel.kallsyms]` as perf calls it, a process's own frame
 * is its stack's root, and is in the label `process` too.
 */
import {
  Label,
  Line,
  Location,
  Mapping,
  Function as PprofFunction,
  Profile as PprofProfile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import { AddressMap } from '../address-map.ts';
import { Interned } from '../interned.ts';
import { mainObject } from '../main-object.ts';
import { codeKey, mergedStacks, writableName } from '../merged-stacks.ts';
import type {
  Profile,
  ProfileFrame,
  ProfileMetadata,
  ProfileStack,
  ValueType as ProfileValueType,
} from '../profile.ts';
import { byAddress } from '../source-place.ts';
import { SAMPLES, stackValues } from '../values.ts';
import { zlib } from '../zlib.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
export const KERNEL_MAPPING = '[kernel.kallsyms]';
export const PROCESS_LABEL = 'process';
/** Comments that parse.ts reads back. */
export const COMMENTS = { host: 'host: ', command: 'command: ', lost: 'lost samples: ' } as const;

/** @throws RangeError when a count is not a whole number of samples. */
export function encodePprof(profile: Profile): Uint8Array {
  return zlib().gzipSync(new PprofWriter().write(profile));
}

class PprofWriter {
  readonly #strings = new StringTable();
  readonly #functions: PprofFunction[] = [];
  readonly #locations: Location[] = [];
  readonly #mappings: Mapping[] = [];
  readonly #functionIds = new Map<string, number>();
  readonly #frames = new Interned<ProfileFrame>();
  readonly #frameNumbers = new Map<ProfileFrame, number>();
  readonly #locationIds = new Map<string, number>();
  #code = new AddressMap([], undefined, mappingName);

  write(profile: Profile): Uint8Array {
    const { metadata } = profile;
    const { types, period, defaultType, valuesOf } = measured(profile);
    const processLabel = this.#text(PROCESS_LABEL);
    const stacks = mergedStacks(profile, { signed: true, sameness: codeKey }).map((stack) => ({
      frames: stack.frames,
      values: valuesOf(stack),
    }));
    const own = new Set<ProfileFrame>();
    for (const { frames } of stacks)
      for (const [outermost] of byAddress(frames)) if (outermost) own.add(outermost);
    this.#layOut(profile, [...own]);
    const sample = stacks.map(({ frames, values }) => {
      const [root] = frames;
      return new Sample({
        // Leaf first.
        locationId: byAddress(frames)
          .map((functions) => this.#location(functions))
          .reverse(),
        value: [...values],
        label:
          root?.kind === 'process'
            ? [new Label({ key: processLabel, str: this.#text(writableName(root.name)) })]
            : [],
      });
    });
    const start = metadata.startTime.getTime();
    return new PprofProfile({
      sampleType: types.map((type) => this.#valueType(type)),
      defaultSampleType: defaultType === undefined ? 0 : this.#text(defaultType),
      sample,
      mapping: this.#mappings,
      location: this.#locations,
      function: this.#functions,
      timeNanos: Number.isNaN(start) ? 0 : BigInt(start) * NANOSECONDS_PER_MILLISECOND,
      durationNanos: Math.round(metadata.durationSeconds * NANOSECONDS_PER_SECOND) || 0,
      periodType: this.#valueType(period),
      period: period.value,
      comment: commentsOf(metadata).map((text) => this.#text(text)),
      stringTable: this.#strings,
    }).encode();
  }

  #text(text: string): number {
    return this.#strings.dedup(text);
  }

  #valueType({ type, unit }: ProfileValueType): ValueType {
    return new ValueType({
      type: this.#text(type.toWellFormed()),
      unit: this.#text(unit.toWellFormed()),
    });
  }

  #layOut(profile: Profile, frames: readonly ProfileFrame[]): void {
    this.#code = new AddressMap(frames, mainObject(profile), mappingName);
    for (const { object, start, limit, fileOffset, buildId = '' } of this.#code.rows)
      this.#mappings.push(
        new Mapping({
          id: this.#mappings.length + 1,
          memoryStart: start,
          memoryLimit: limit,
          fileOffset,
          filename: this.#text(object),
          buildId: this.#text(buildId.toWellFormed()),
          hasFunctions: true,
        }),
      );
  }

  /** @param functions at one address, outermost first. */
  #location(functions: readonly ProfileFrame[]): number {
    const key = functions.map((frame) => this.#frame(frame)).join(' ');
    const known = this.#locationIds.get(key);
    if (known !== undefined) return known;
    const id = this.#locations.length + 1;
    const { row, address } = functions[0] ? this.#code.placeOf(functions[0]) : { address: 0n };
    const mapping = row === undefined ? undefined : this.#mappings[row];
    if (mapping !== undefined) addFlags(mapping, functions);
    this.#locations.push(
      new Location({
        id,
        address,
        mappingId: mapping?.id ?? 0,
        // Innermost first.
        line: functions
          .map((frame) => new Line({ functionId: this.#function(frame), line: frame.line ?? 0 }))
          .reverse(),
      }),
    );
    this.#locationIds.set(key, id);
    return id;
  }

  /** The number of the frame, one for all that are the same. */
  #frame(frame: ProfileFrame): number {
    let number = this.#frameNumbers.get(frame);
    if (number === undefined) {
      number = this.#frames.indexOf(codeKey(frame), () => frame);
      this.#frameNumbers.set(frame, number);
    }
    return number;
  }

  #function({ name: called, file = '' }: ProfileFrame): number {
    const name = this.#text(writableName(called));
    const filename = this.#text(file.toWellFormed());
    const key = `${name} ${filename}`;
    const known = this.#functionIds.get(key);
    if (known !== undefined) return known;
    const id = this.#functions.length + 1;
    this.#functions.push(new PprofFunction({ id, name, systemName: name, filename }));
    this.#functionIds.set(key, id);
    return id;
  }
}

/** What is known of any function of the mapping. */
function addFlags(mapping: Mapping, functions: readonly ProfileFrame[]): void {
  mapping.hasFilenames ||= functions.some(({ file }) => file !== undefined);
  mapping.hasLineNumbers ||= functions.some(({ line }) => line !== undefined);
  mapping.hasInlineFrames ||= functions.length > 1;
}

/** Nanoseconds between samples; 0 where the frequency is not known, as after a conversion. */
export function periodOf({ frequencyHz }: Pick<ProfileMetadata, 'frequencyHz'>): number {
  return frequencyHz > 0 ? Math.round(NANOSECONDS_PER_SECOND / frequencyHz) : 0;
}

const CPU: ProfileValueType = { type: 'cpu', unit: 'nanoseconds' };

/** What there is to write of each stack, and between samples. */
function measured({ values, metadata }: Profile): {
  readonly types: readonly ProfileValueType[];
  readonly period: ProfileValueType & { readonly value: number };
  readonly defaultType: string | undefined;
  readonly valuesOf: (stack: ProfileStack) => readonly (number | bigint)[];
} {
  const period = { ...CPU, value: periodOf(metadata) };
  if (values !== undefined) {
    const { types, shown } = values;
    return {
      types,
      period: values.period ?? period,
      // Without one, tools show the last.
      defaultType: shown === types.length - 1 ? undefined : types[shown]?.type,
      valuesOf: (stack) => stackValues(stack, values),
    };
  }
  // Tools show the last value; one of nothing but zeros would hide the other.
  return {
    types: period.value > 0 ? [SAMPLES, CPU] : [SAMPLES],
    period,
    defaultType: undefined,
    valuesOf: ({ count }) =>
      period.value > 0 ? [count, BigInt(count) * BigInt(period.value)] : [count],
  };
}

function commentsOf({ host, command, lostSamples }: ProfileMetadata): string[] {
  return [
    ...(host === '' ? [] : [COMMENTS.host + host.toWellFormed()]),
    ...(command === undefined ? [] : [COMMENTS.command + command.toWellFormed()]),
    `${COMMENTS.lost}${lostSamples}`,
  ];
}

/** Modules of the kernel stand in brackets, as perf and /proc/kallsyms show them. */
function mappingName({ kind, object }: ProfileFrame): string | undefined {
  if (kind !== 'kernel') return object?.toWellFormed();
  if (object === undefined) return KERNEL_MAPPING;
  return object.startsWith('[') ? object.toWellFormed() : `[${object.toWellFormed()}]`;
}
