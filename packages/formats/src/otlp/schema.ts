/**
 * The part of OpenTelemetry's protocol that profiles need: which number and type each field has. From
 * profiles.proto and profiles_service.proto of open-telemetry/opentelemetry-proto (v1development), and
 * what they import; schema.test.ts compares it with the published schema.
 */
const one = <Type extends string>(id: number, type: Type) => ({ id, type }) as const;
const many = <Type extends string>(id: number, type: Type) =>
  ({ id, type, rule: 'repeated' }) as const;

export const messages = {
  ExportProfilesServiceRequest: {
    resourceProfiles: many(1, 'ResourceProfiles'),
    dictionary: one(2, 'ProfilesDictionary'),
  },
  ExportProfilesServiceResponse: { partialSuccess: one(1, 'ExportProfilesPartialSuccess') },
  ExportProfilesPartialSuccess: {
    rejectedProfiles: one(1, 'int64'),
    errorMessage: one(2, 'string'),
  },
  ResourceProfiles: {
    resource: one(1, 'Resource'),
    scopeProfiles: many(2, 'ScopeProfiles'),
  },
  Resource: { attributes: many(1, 'KeyValue') },
  KeyValue: {
    key: one(1, 'string'),
    value: one(2, 'AnyValue'),
    keyStrindex: one(3, 'int32'),
  },
  AnyValue: {
    stringValue: one(1, 'string'),
    intValue: one(3, 'int64'),
    stringValueStrindex: one(8, 'int32'),
  },
  ScopeProfiles: {
    scope: one(1, 'InstrumentationScope'),
    profiles: many(2, 'Profile'),
  },
  InstrumentationScope: { name: one(1, 'string') },
  Profile: {
    sampleType: one(1, 'ValueType'),
    samples: many(2, 'Sample'),
    timeUnixNano: one(3, 'fixed64'),
    durationNano: one(4, 'uint64'),
    periodType: one(5, 'ValueType'),
    period: one(6, 'int64'),
    attributeIndices: many(11, 'int32'),
  },
  ValueType: { typeStrindex: one(1, 'int32'), unitStrindex: one(2, 'int32') },
  Sample: {
    stackIndex: one(1, 'int32'),
    attributeIndices: many(2, 'int32'),
    values: many(4, 'int64'),
    timestampsUnixNano: many(5, 'fixed64'),
  },
  ProfilesDictionary: {
    mappingTable: many(1, 'Mapping'),
    locationTable: many(2, 'Location'),
    functionTable: many(3, 'Function'),
    linkTable: many(4, 'Link'),
    stringTable: many(5, 'string'),
    attributeTable: many(6, 'KeyValueAndUnit'),
    stackTable: many(7, 'Stack'),
  },
  Mapping: {
    memoryStart: one(1, 'uint64'),
    memoryLimit: one(2, 'uint64'),
    fileOffset: one(3, 'uint64'),
    filenameStrindex: one(4, 'int32'),
    attributeIndices: many(5, 'int32'),
  },
  Location: {
    mappingIndex: one(1, 'int32'),
    address: one(2, 'uint64'),
    lines: many(3, 'Line'),
    attributeIndices: many(4, 'int32'),
  },
  Line: { functionIndex: one(1, 'int32'), line: one(2, 'int64') },
  Function: {
    nameStrindex: one(1, 'int32'),
    systemNameStrindex: one(2, 'int32'),
    filenameStrindex: one(3, 'int32'),
  },
  Stack: { locationIndices: many(1, 'int32') },
  Link: { traceId: one(1, 'bytes'), spanId: one(2, 'bytes') },
  KeyValueAndUnit: {
    keyStrindex: one(1, 'int32'),
    value: one(2, 'AnyValue'),
    unitStrindex: one(3, 'int32'),
  },
} as const;

type Messages = typeof messages;
export type MessageName = keyof Messages;

interface Scalars {
  readonly int32: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly fixed64: bigint;
  readonly string: string;
  readonly bytes: Uint8Array;
}

type Written<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends MessageName
    ? Draft<Type>
    : never;

/** A message to write. A field that is left out has its zero value. */
export type Draft<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name]]?: Messages[Name][Field] extends {
    readonly type: infer Type;
    readonly rule: 'repeated';
  }
    ? readonly Written<Type>[]
    : Messages[Name][Field] extends { readonly type: infer Type }
      ? Written<Type>
      : never;
};

type Read<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends MessageName
    ? Message<Type>
    : never;

/** A message that was read. Single fields that are not in it are absent; lists are always there. */
export type Message<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name] as Messages[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? Field
    : never]: Messages[Name][Field] extends { readonly type: infer Type }
    ? readonly Read<Type>[]
    : never;
} & {
  readonly [Field in keyof Messages[Name] as Messages[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? never
    : Field]?: Messages[Name][Field] extends { readonly type: infer Type } ? Read<Type> : never;
};
