/**
 * The messages of a request for profiles and of its answer, with the number and the type of each field,
 * from OpenTelemetry's .proto files (schema/opentelemetry-proto), as protobufjs reads them.
 */

import { join } from 'node:path';
import protobuf from 'protobufjs';

const SCHEMA = join(import.meta.dir, '../schema/opentelemetry-proto');
const SERVICE = 'opentelemetry/proto/collector/profiles/v1development/profiles_service.proto';
const ENTRIES = ['ExportProfilesServiceRequest', 'ExportProfilesServiceResponse'];

/**
 * Values of attributes that hold values of attributes: nothing here has a use for them, and without them
 * no message is inside of itself, so that the schema bounds how deep bytes can nest.
 */
const LEFT_OUT: readonly string[] = ['AnyValue.arrayValue', 'AnyValue.kvlistValue'];

export interface SchemaField {
  readonly id: number;
  /** A scalar of protocol buffers, or a message by its name without the package. */
  readonly type: string;
  readonly rule?: 'repeated';
  /** Of these fields of a message one is set. */
  readonly oneof?: string;
}

export type Schema = Readonly<Record<string, Readonly<Record<string, SchemaField>>>>;

/** Every message that the two hold, by name, callers first. */
export function otlpSchema(): Schema {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(SCHEMA, target);
  root.loadSync(SERVICE).resolveAll();
  const schema: Record<string, Record<string, SchemaField>> = {};
  const open = [...ENTRIES];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (schema[name] !== undefined) continue;
    const fields = root
      .lookupType(name)
      .fieldsArray.filter((field) => !LEFT_OUT.includes(`${name}.${field.name}`));
    schema[name] = Object.fromEntries(
      fields.sort((a, b) => a.id - b.id).map((field) => [field.name, fieldOf(field)]),
    );
    for (const { resolvedType } of fields)
      if (resolvedType instanceof protobuf.Type) open.push(resolvedType.name);
  }
  return schema;
}

function fieldOf(field: protobuf.Field): SchemaField {
  return {
    id: field.id,
    type: field.resolvedType?.name ?? field.type,
    ...(field.repeated ? { rule: 'repeated' } : {}),
    ...(field.partOf ? { oneof: field.partOf.name } : {}),
  };
}
