/**
 * What is read of pprof's messages: which number and type each field has (proto/profile.proto of
 * google/pprof), and the bytes as objects. protobufjs takes repeated numbers packed and one by one:
 * the runtime of Go writes short lists in the second way. 64-bit numbers are bigints, signed where
 * the schema says int64.
 */
import type { Type } from 'protobufjs/light.js';
import { protobuf } from '../otlp/protobuf.ts';

const one = (id: number, type: string) => ({ id, type });
const many = (id: number, type: string) => ({ id, type, rule: 'repeated' });

const messages = {
  Profile: {
    sampleType: many(1, 'ValueType'),
    sample: many(2, 'Sample'),
    mapping: many(3, 'Mapping'),
    location: many(4, 'Location'),
    function: many(5, 'Function'),
    stringTable: many(6, 'string'),
    timeNanos: one(9, 'int64'),
    durationNanos: one(10, 'int64'),
    periodType: one(11, 'ValueType'),
    period: one(12, 'int64'),
    comment: many(13, 'int64'),
    defaultSampleType: one(14, 'int64'),
  },
  ValueType: { type: one(1, 'int64'), unit: one(2, 'int64') },
  Sample: {
    locationId: many(1, 'uint64'),
    value: many(2, 'int64'),
    label: many(3, 'Label'),
  },
  Label: { key: one(1, 'int64'), str: one(2, 'int64') },
  Mapping: {
    id: one(1, 'uint64'),
    memoryStart: one(2, 'uint64'),
    memoryLimit: one(3, 'uint64'),
    fileOffset: one(4, 'uint64'),
    filename: one(5, 'int64'),
    buildId: one(6, 'int64'),
  },
  Location: {
    id: one(1, 'uint64'),
    mappingId: one(2, 'uint64'),
    address: one(3, 'uint64'),
    line: many(4, 'Line'),
  },
  Line: { functionId: one(1, 'uint64'), line: one(2, 'int64') },
  Function: {
    id: one(1, 'uint64'),
    name: one(2, 'int64'),
    systemName: one(3, 'int64'),
    filename: one(4, 'int64'),
  },
};

/** Indexes into the string table are int64, as everything is that is not an id. */
export interface PprofValueType {
  readonly type: bigint;
  readonly unit: bigint;
}

export interface PprofSample {
  /** Leaf first. */
  readonly locationId: readonly bigint[];
  readonly value: readonly bigint[];
  readonly label: readonly { readonly key: bigint; readonly str: bigint }[];
}

export interface PprofMapping {
  readonly id: bigint;
  readonly memoryStart: bigint;
  readonly memoryLimit: bigint;
  readonly fileOffset: bigint;
  readonly filename: bigint;
  readonly buildId: bigint;
}

export interface PprofLocation {
  readonly id: bigint;
  readonly mappingId: bigint;
  readonly address: bigint;
  /** Innermost function first. */
  readonly line: readonly { readonly functionId: bigint; readonly line: bigint }[];
}

export interface PprofFunction {
  readonly id: bigint;
  readonly name: bigint;
  readonly systemName: bigint;
  readonly filename: bigint;
}

export interface PprofMessage {
  readonly sampleType: readonly PprofValueType[];
  readonly sample: readonly PprofSample[];
  readonly mapping: readonly PprofMapping[];
  readonly location: readonly PprofLocation[];
  readonly function: readonly PprofFunction[];
  readonly stringTable: readonly string[];
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  readonly periodType: PprofValueType | null;
  readonly period: bigint;
  readonly comment: readonly bigint[];
  readonly defaultSampleType: bigint;
}

let profileType: Type | undefined;

/** @throws an Error when the bytes are no such message. */
export function decodePprof(bytes: Uint8Array): PprofMessage {
  if (profileType === undefined) {
    const nested = Object.fromEntries(
      Object.entries(messages).map(([name, fields]) => [name, { fields }]),
    );
    profileType = protobuf().Root.fromJSON({ nested }).lookupType('Profile');
  }
  const decoded = profileType.decode(bytes);
  return profileType.toObject(decoded, { longs: BigInt, defaults: true }) as PprofMessage;
}
