/**
 * What is read of pprof's messages: which number each field has (proto/profile.proto of google/pprof),
 * and the bytes as objects. Samples, of which there are most, are read one at a time, from their place
 * in the bytes.
 */
import type { MemoryBudget } from '../memory-budget.ts';
import { type Integer, signed, WireReader, type WireValue } from '../wire.ts';

/** Indexes into the string table are int64, as everything is that is not an id. */
interface PprofValueType {
  readonly type: Integer;
  readonly unit: Integer;
}

/** A text where `str` is not 0, else the number. */
export interface PprofLabel {
  readonly key: Integer;
  readonly str: Integer;
  readonly num: Integer;
}

export interface PprofSample {
  /** Leaf first. */
  readonly locationId: readonly Integer[];
  readonly value: readonly Integer[];
  readonly label: readonly PprofLabel[];
}

export interface PprofMapping {
  readonly id: Integer;
  readonly memoryStart: Integer;
  readonly memoryLimit: Integer;
  readonly fileOffset: Integer;
  readonly filename: Integer;
  readonly buildId: Integer;
}

export interface PprofLocation {
  readonly id: Integer;
  readonly mappingId: Integer;
  readonly address: Integer;
  /** Innermost function first. */
  readonly line: readonly { readonly functionId: Integer; readonly line: Integer }[];
}

interface PprofFunction {
  readonly id: Integer;
  readonly name: Integer;
  readonly systemName: Integer;
  readonly filename: Integer;
}

export interface PprofMessage {
  readonly sampleType: readonly PprofValueType[];
  readonly mapping: readonly PprofMapping[];
  readonly location: readonly PprofLocation[];
  readonly function: readonly PprofFunction[];
  readonly stringTable: readonly string[];
  readonly timeNanos: Integer;
  readonly durationNanos: Integer;
  readonly periodType: PprofValueType | null;
  readonly period: Integer;
  readonly comment: readonly Integer[];
  readonly defaultSampleType: Integer;
  readonly sampleCount: number;
  sampleAt(index: number): PprofSample;
}

const TABLES = 'the rows of its tables';
/** Objects in a row of a table, by which it is paid for. */
const ROW = 2;
/** A stack with its two lists. */
const SAMPLE = 2;

/** @throws Error when the bytes are no such message; ProfileTooLargeError when it is too large. */
export function decodePprof(bytes: Uint8Array, budget: MemoryBudget): PprofMessage {
  const samples: number[] = [];
  const sampleType: PprofValueType[] = [];
  const mapping: PprofMapping[] = [];
  const location: PprofLocation[] = [];
  const functions: PprofFunction[] = [];
  const stringTable: string[] = [];
  const comment: Integer[] = [];
  let periodType: PprofValueType | null = null;
  const single = { timeNanos: 0, durationNanos: 0, period: 0, defaultSampleType: 0 } as Record<
    'timeNanos' | 'durationNanos' | 'period' | 'defaultSampleType',
    Integer
  >;
  new WireReader(bytes).fields((field, value) => {
    switch (field) {
      case 1:
        budget.rows(ROW, TABLES);
        sampleType.push(valueTypeOf(value));
        break;
      case 2:
        budget.rows(SAMPLE, 'its samples');
        samples.push(value.from, value.from + value.length);
        break;
      case 3:
        budget.rows(ROW * 2, TABLES);
        mapping.push(mappingOf(value));
        break;
      case 4:
        budget.rows(ROW, TABLES);
        location.push(locationOf(value, budget));
        break;
      case 5:
        budget.rows(ROW, TABLES);
        functions.push(functionOf(value));
        break;
      case 6:
        budget.spend(value.length + 24, 'its texts');
        stringTable.push(value.text());
        break;
      case 9:
        single.timeNanos = signed(value.integer());
        break;
      case 10:
        single.durationNanos = signed(value.integer());
        break;
      case 11:
        periodType = valueTypeOf(value);
        break;
      case 12:
        single.period = signed(value.integer());
        break;
      case 13:
        value.integers((each) => {
          budget.numbers(2, 'its comments');
          comment.push(signed(each));
        });
        break;
      case 14:
        single.defaultSampleType = signed(value.integer());
        break;
    }
  });
  return {
    ...single,
    sampleType,
    mapping,
    location,
    function: functions,
    stringTable,
    comment,
    periodType,
    sampleCount: samples.length / 2,
    sampleAt: (index) =>
      sampleOf(new WireReader(bytes, samples[2 * index], samples[2 * index + 1]), budget),
  };
}

function valueTypeOf(message: WireValue): PprofValueType {
  const [type = 0, unit = 0] = numbersOf(message, [1, 2]);
  return { type: signed(type), unit: signed(unit) };
}

function mappingOf(message: WireValue): PprofMapping {
  const [id = 0, memoryStart = 0, memoryLimit = 0, fileOffset = 0, filename = 0, buildId = 0] =
    numbersOf(message, [1, 2, 3, 4, 5, 6]);
  return {
    id,
    memoryStart,
    memoryLimit,
    fileOffset,
    filename: signed(filename),
    buildId: signed(buildId),
  };
}

function functionOf(message: WireValue): PprofFunction {
  const [id = 0, name = 0, systemName = 0, filename = 0] = numbersOf(message, [1, 2, 3, 4]);
  return { id, name: signed(name), systemName: signed(systemName), filename: signed(filename) };
}

function locationOf(message: WireValue, budget: MemoryBudget): PprofLocation {
  const read = { id: 0 as Integer, mappingId: 0 as Integer, address: 0 as Integer };
  const lines: { functionId: Integer; line: Integer }[] = [];
  message.message((field, value) => {
    if (field === 1) read.id = value.integer();
    else if (field === 2) read.mappingId = value.integer();
    else if (field === 3) read.address = value.integer();
    else if (field === 4) {
      budget.rows(1, TABLES);
      const [functionId = 0, line = 0] = numbersOf(value, [1, 2]);
      lines.push({ functionId, line: signed(line) });
    }
  });
  return { ...read, line: lines };
}

function sampleOf(reader: WireReader, budget: MemoryBudget): PprofSample {
  const locationId: Integer[] = [];
  const values: Integer[] = [];
  const label: PprofLabel[] = [];
  // A sample is looked at and let go; one alone can be too large.
  const most = budget.left / 16;
  reader.fields((field, value) => {
    if (locationId.length + value.length > most) throw budget.tooLarge('the frames of a stack');
    if (field === 1) value.integers((each) => void locationId.push(each));
    else if (field === 2) value.integers((each) => void values.push(signed(each)));
    else if (field === 3 && label.length < most / 8) {
      const [key = 0, str = 0, num = 0] = numbersOf(value, [1, 2, 3]);
      label.push({ key: signed(key), str: signed(str), num: signed(num) });
    }
  });
  return { locationId, value: values, label };
}

/** The numbers of these fields of a message; `undefined` where it has none. */
function numbersOf(message: WireValue, wanted: readonly number[]): (Integer | undefined)[] {
  const found: (Integer | undefined)[] = wanted.map(() => undefined);
  message.message((field, value) => {
    const index = wanted.indexOf(field);
    if (index >= 0) found[index] = value.integer();
  });
  return found;
}
