/**
 * OpenTelemetry's published schema, by a library that the package itself does not use: what a receiver
 * makes of our bytes, and bytes as others write them.
 */
import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const file = new URL('fixtures/opentelemetry/descriptors.binpb', import.meta.url);
const files = fromBinary(FileDescriptorSetSchema, readFileSync(file));
// Compilers fill in what a field is called in JSON; the package they come from left it out.
for (const field of files.file
  .flatMap(({ messageType }) => messageType)
  .flatMap((type) => type.field))
  field.jsonName = field.name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const registry = createFileRegistry(files);

/** Every message of the schema, by its name without the package. */
export const published: ReadonlyMap<string, DescMessage> = new Map(
  [...registry].flatMap((type) => (type.kind === 'message' ? [[type.name, type] as const] : [])),
);

function schemaOf(name: string): DescMessage {
  const schema = published.get(name);
  if (schema === undefined) throw new Error(`the published schema has no message ${name}`);
  return schema;
}

/** As protobuf's JSON, with all fields; whole numbers of 64 bits are text in it. */
export function readPublished<Shape>(name: string, bytes: Uint8Array): Shape {
  const schema = schemaOf(name);
  const message = fromBinary(schema, bytes);
  return toJson(schema, message, { alwaysEmitImplicit: true }) as Shape;
}

export function writePublished(name: string, message: JsonValue): Uint8Array {
  const schema = schemaOf(name);
  return toBinary(schema, fromJson(schema, message));
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
}

/** What the tests look at of a request. */
export interface PublishedRequest {
  readonly resourceProfiles: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: Value }[] };
    readonly scopeProfiles: readonly {
      readonly scope: { readonly name: string };
      readonly profiles: readonly PublishedProfile[];
    }[];
  }[];
  readonly dictionary: {
    readonly mappingTable: readonly { filenameStrindex: number }[];
    readonly locationTable: readonly {
      mappingIndex: number;
      lines: readonly { functionIndex: number; line: string }[];
      attributeIndices: readonly number[];
    }[];
    readonly functionTable: readonly { nameStrindex: number; filenameStrindex: number }[];
    readonly linkTable: readonly { traceId: string; spanId: string }[];
    readonly stringTable: readonly string[];
    readonly attributeTable: readonly {
      keyStrindex: number;
      value?: Value;
      unitStrindex: number;
    }[];
    readonly stackTable: readonly { locationIndices: readonly number[] }[];
  };
}

interface ValueType {
  readonly typeStrindex: number;
  readonly unitStrindex: number;
}

export interface PublishedProfile {
  readonly sampleType: ValueType;
  readonly periodType: ValueType;
  readonly period: string;
  readonly timeUnixNano: string;
  readonly durationNano: string;
  readonly attributeIndices: readonly number[];
  readonly samples: readonly {
    stackIndex: number;
    attributeIndices: readonly number[];
    values: readonly string[];
    timestampsUnixNano: readonly string[];
  }[];
}
