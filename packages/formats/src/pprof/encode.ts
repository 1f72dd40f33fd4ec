/**
 * Writes pprof. Two values for each stack, samples and (with a known frequency) the CPU time they
 * stand for, or those that the profile has. A frame becomes a location of one line, or of one more
 * for each function that was inlined there; its object becomes the mapping, the main one first. What a
 * frame is (kernel, process, ...) has no field of its
 * own: kernel code is in a mapping called `[kernel.kallsyms]` as perf calls it, a process's own frame
 * is its stack's root, and is in the label `process` too. Labels are pprof's: `-tagfocus`, `-tagroot`.
 */

import { WireWriter } from '@waggle/text/wire';
import { AddressMap } from '../address-map.ts';
import { mainObject } from '../main-object.ts';
import { codeKey, mergedStacks, writableName } from '../merged-stacks.ts';
import type {
  Profile,
  ProfileFrame,
  ProfileMetadata,
  ProfileStack,
  ValueType as ProfileValueType,
} from '../profile.ts';
import { byAddress, outermostOf } from '../source-place.ts';
import { StackKeys } from '../stack-keys.ts';
import { SAMPLES, stackValues } from '../values.ts';
import { zlib } from '../zlib.ts';
import { joined, StringTable } from './string-table.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
export const KERNEL_MAPPING = '[kernel.kallsyms]';
export const PROCESS_LABEL = 'process';
/** Comments that parse.ts reads back. */
export const COMMENTS = {
  host: 'host: ',
  command: 'command: ',
  target: 'target: ',
  lost: 'lost samples: ',
} as const;

/** @throws RangeError when a count is not a whole number of samples. */
export function encodePprof(profile: Profile): Uint8Array {
  return zlib().gzipSync(new PprofWriter().write(profile));
}

/** Numbers of the fields: proto/profile.proto of google/pprof. */
const PROFILE = {
  ...{ sampleType: 1, sample: 2, mapping: 3, location: 4, function: 5, timeNanos: 9 },
  ...{ durationNanos: 10, periodType: 11, period: 12, comment: 13, defaultSampleType: 14 },
};
const VALUE_TYPE = { type: 1, unit: 2 };
const SAMPLE = { locationId: 1, value: 2, label: 3 };
const LABEL = { key: 1, str: 2, num: 3 };
const MAPPING = {
  ...{ id: 1, memoryStart: 2, memoryLimit: 3, fileOffset: 4, filename: 5, buildId: 6 },
  ...{ hasFunctions: 7, hasFilenames: 8, hasLineNumbers: 9, hasInlineFrames: 10 },
};
const LOCATION = { id: 1, mappingId: 2, address: 3, line: 4 };
const LINE = { functionId: 1, line: 2 };
const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4 };

/** What is known of any function of a mapping. */
interface MappingFlags {
  filenames: boolean;
  lineNumbers: boolean;
  inlineFrames: boolean;
}

/**
 * Samples, locations and functions are bytes as soon as they are met: of a profile of millions of functions
 * there is no object for each, only what tells it from others.
 */
class PprofWriter {
  readonly #strings = new StringTable();
  readonly #functions = new WireWriter();
  readonly #locations = new WireWriter();
  readonly #flags: MappingFlags[] = [];
  /** Ids by the file, and then the name. */
  readonly #functionIds = new Map<number, Map<number, number>>();
  #functionCount = 0;
  #keys = new StackKeys([], codeKey);
  /** Of one function, by its frame's rank; 0 where it has none yet. */
  #locationIds = new Uint32Array();
  /** Of several functions, by their ranks. */
  readonly #inlinedLocationIds = new Map<string, number>();
  #locationCount = 0;
  #code = new AddressMap([], undefined, mappingName);

  write(profile: Profile): Uint8Array {
    const { metadata } = profile;
    const { types, period, defaultType, valuesOf } = measured(profile);
    const processLabel = this.#text(PROCESS_LABEL);
    const keys = new StackKeys(profile.stacks, codeKey);
    const stacks = mergedStacks(profile, { signed: true, keys, labels: true });
    this.#keys = keys;
    this.#locationIds = new Uint32Array(keys.size);
    this.#code = new AddressMap(outermostOf(stacks, keys), mainObject(profile), mappingName);
    const mappingTexts = this.#code.rows.map(({ object, buildId = '' }) => ({
      filename: this.#text(object),
      buildId: this.#text(buildId.toWellFormed()),
    }));
    this.#flags.push(
      ...mappingTexts.map(() => ({ filenames: false, lineNumbers: false, inlineFrames: false })),
    );
    const samples = new WireWriter();
    for (const stack of stacks)
      samples.message(PROFILE.sample, () =>
        this.#sample(samples, stack, valuesOf(stack), processLabel),
      );
    const head = new WireWriter();
    for (const type of types) this.#valueType(head, PROFILE.sampleType, type);
    const mappings = new WireWriter();
    mappingTexts.forEach((texts, row) => void this.#mapping(mappings, row, texts));
    const tail = new WireWriter();
    const start = metadata.startTime.getTime();
    if (!Number.isNaN(start))
      tail.integerOrNone(PROFILE.timeNanos, BigInt(start) * NANOSECONDS_PER_MILLISECOND);
    tail.integerOrNone(
      PROFILE.durationNanos,
      Math.round(metadata.durationSeconds * NANOSECONDS_PER_SECOND) || 0,
    );
    this.#valueType(tail, PROFILE.periodType, period);
    tail.integerOrNone(PROFILE.period, period.value);
    tail.integers(
      PROFILE.comment,
      commentsOf(metadata).map((text) => this.#text(text)),
    );
    if (defaultType !== undefined)
      tail.integerOrNone(PROFILE.defaultSampleType, this.#text(defaultType));
    const tables = [mappings, this.#locations, this.#functions, this.#strings];
    return joined([head, samples, ...tables, tail].map(({ bytes }) => bytes));
  }

  #sample(
    samples: WireWriter,
    { frames, labels }: ProfileStack,
    values: readonly (number | bigint)[],
    processLabel: number,
  ): void {
    const ids = byAddress(frames).map((functions) => this.#location(functions));
    // Leaf first.
    samples.integers(SAMPLE.locationId, ids.reverse());
    samples.integers(SAMPLE.value, values);
    const label = (key: number, field: number, value: number) =>
      samples.message(SAMPLE.label, () => {
        samples.integerOrNone(LABEL.key, key);
        samples.integerOrNone(field, value);
      });
    const [root] = frames;
    if (root?.kind === 'process')
      label(processLabel, LABEL.str, this.#text(writableName(root.name)));
    for (const [name, value] of Object.entries(labels ?? {})) {
      const key = this.#text(name.toWellFormed());
      if (typeof value === 'number') label(key, LABEL.num, value);
      else label(key, LABEL.str, this.#text(value.toWellFormed()));
    }
  }

  #text(text: string): number {
    return this.#strings.indexOf(text);
  }

  #valueType(into: WireWriter, field: number, { type, unit }: ProfileValueType): void {
    into.message(field, () => {
      into.integerOrNone(VALUE_TYPE.type, this.#text(type.toWellFormed()));
      into.integerOrNone(VALUE_TYPE.unit, this.#text(unit.toWellFormed()));
    });
  }

  #mapping(
    into: WireWriter,
    row: number,
    { filename, buildId }: { readonly filename: number; readonly buildId: number },
  ): void {
    const place = this.#code.rows[row];
    const { filenames, lineNumbers, inlineFrames } = this.#flags[row] ?? {};
    into.message(PROFILE.mapping, () => {
      into.integerOrNone(MAPPING.id, row + 1);
      into.integerOrNone(MAPPING.memoryStart, place?.start ?? 0);
      into.integerOrNone(MAPPING.memoryLimit, place?.limit ?? 0);
      into.integerOrNone(MAPPING.fileOffset, place?.fileOffset ?? 0);
      into.integerOrNone(MAPPING.filename, filename);
      into.integerOrNone(MAPPING.buildId, buildId);
      into.integer(MAPPING.hasFunctions, 1);
      into.integerOrNone(MAPPING.hasFilenames, Number(filenames));
      into.integerOrNone(MAPPING.hasLineNumbers, Number(lineNumbers));
      into.integerOrNone(MAPPING.hasInlineFrames, Number(inlineFrames));
    });
  }

  /** @param functions at one address, outermost first. */
  #location(functions: readonly ProfileFrame[]): number {
    const [own] = functions;
    if (own !== undefined && functions.length === 1) {
      const rank = this.#keys.rankOf(own);
      const known = this.#locationIds[rank];
      if (known) return known;
      const id = this.#newLocation(functions);
      this.#locationIds[rank] = id;
      return id;
    }
    const key = functions.map((frame) => this.#keys.rankOf(frame)).join(' ');
    let id = this.#inlinedLocationIds.get(key);
    if (id === undefined) {
      id = this.#newLocation(functions);
      this.#inlinedLocationIds.set(key, id);
    }
    return id;
  }

  #newLocation(functions: readonly ProfileFrame[]): number {
    const id = ++this.#locationCount;
    const [own] = functions;
    const { row, address } = own ? this.#code.placeOf(own) : { address: 0n };
    const flags = row === undefined ? undefined : this.#flags[row];
    if (flags !== undefined) addFlags(flags, functions);
    // Innermost first.
    const lines = functions
      .map((frame) => ({ function: this.#function(frame), line: frame.line ?? 0 }))
      .reverse();
    const into = this.#locations;
    into.message(PROFILE.location, () => {
      into.integerOrNone(LOCATION.id, id);
      into.integerOrNone(LOCATION.mappingId, row === undefined ? 0 : row + 1);
      into.integerOrNone(LOCATION.address, address);
      for (const line of lines)
        into.message(LOCATION.line, () => {
          into.integerOrNone(LINE.functionId, line.function);
          into.integerOrNone(LINE.line, line.line);
        });
    });
    return id;
  }

  #function({ name: called, file = '' }: ProfileFrame): number {
    const name = this.#text(writableName(called));
    const filename = this.#text(file.toWellFormed());
    let ofFile = this.#functionIds.get(filename);
    if (ofFile === undefined) {
      ofFile = new Map();
      this.#functionIds.set(filename, ofFile);
    }
    const known = ofFile.get(name);
    if (known !== undefined) return known;
    const id = ++this.#functionCount;
    ofFile.set(name, id);
    this.#functions.message(PROFILE.function, () => {
      this.#functions.integerOrNone(FUNCTION.id, id);
      this.#functions.integerOrNone(FUNCTION.name, name);
      this.#functions.integerOrNone(FUNCTION.systemName, name);
      this.#functions.integerOrNone(FUNCTION.filename, filename);
    });
    return id;
  }
}

function addFlags(flags: MappingFlags, functions: readonly ProfileFrame[]): void {
  flags.filenames ||= functions.some(({ file }) => file !== undefined);
  flags.lineNumbers ||= functions.some(({ line }) => line !== undefined);
  flags.inlineFrames ||= functions.length > 1;
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

function commentsOf({ host, command, target, lostSamples }: ProfileMetadata): string[] {
  return [
    ...(host === '' ? [] : [COMMENTS.host + host.toWellFormed()]),
    ...(command === undefined ? [] : [COMMENTS.command + command.toWellFormed()]),
    ...(target === undefined ? [] : [COMMENTS.target + target.toWellFormed()]),
    `${COMMENTS.lost}${lostSamples}`,
  ];
}

/** Modules of the kernel stand in brackets, as perf and /proc/kallsyms show them. */
function mappingName({ kind, object }: ProfileFrame): string | undefined {
  if (kind !== 'kernel') return object?.toWellFormed();
  if (object === undefined) return KERNEL_MAPPING;
  return object.startsWith('[') ? object.toWellFormed() : `[${object.toWellFormed()}]`;
}
