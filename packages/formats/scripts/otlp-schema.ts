/**
 * The messages of requests and of answers, with the number and the type of each field, from OpenTelemetry's .proto
 * files (schema/opentelemetry-proto), as protobufjs reads them.
 */

import { join } from 'node:path';
import protobuf from 'protobufjs';

const SCHEMA = join(import.meta.dir, '../schema/opentelemetry-proto');
const COLLECTOR = 'opentelemetry/proto/collector';

interface Wanted {
  /** Files below `opentelemetry/proto/collector`. */
  readonly services: readonly string[];
  readonly entries: readonly string[];
  /** Fields that nothing here has a use for, as `Message.field`. */
  readonly leftOut: readonly string[];
}

/**
 * What is read as well as written. Values of attributes that hold values of attributes are left out: without them no
 * message is inside of itself, so that the schema bounds how deep bytes can nest.
 */
const PROFILES: Wanted = {
  services: ['profiles/v1development/profiles_service.proto'],
  entries: ['ExportProfilesServiceRequest', 'ExportProfilesServiceResponse'],
  leftOut: ['AnyValue.arrayValue', 'AnyValue.kvlistValue'],
};

/** What is only written. No attribute is a map; what counts by exponents or summarizes is not made. */
const LOGS_AND_METRICS: Wanted = {
  services: ['logs/v1/logs_service.proto', 'metrics/v1/metrics_service.proto'],
  entries: ['ExportLogsServiceRequest', 'ExportMetricsServiceRequest'],
  leftOut: [
    'AnyValue.kvlistValue',
    'Metric.exponentialHistogram',
    'Metric.summary',
    'NumberDataPoint.exemplars',
    'HistogramDataPoint.exemplars',
  ],
};

export interface SchemaField {
  readonly id: number;
  /** A scalar of protocol buffers, or a message by its name without the package. */
  readonly type: string;
  readonly rule?: 'repeated';
  /** Of these fields of a message one is set. */
  readonly oneof?: string;
}

export type Schema = Readonly<Record<string, Readonly<Record<string, SchemaField>>>>;

/** What is written to src/otlp/schema.ts. */
export const otlpSchemas = (): { readonly profiles: Schema; readonly logsAndMetrics: Schema } => ({
  profiles: schemaOf(PROFILES),
  logsAndMetrics: schemaOf(LOGS_AND_METRICS),
});

/** Every message that the entries hold, by name, callers first. */
function schemaOf({ services, entries, leftOut }: Wanted): Schema {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(SCHEMA, target);
  root.loadSync(services.map((file) => `${COLLECTOR}/${file}`)).resolveAll();
  const schema: Record<string, Record<string, SchemaField>> = {};
  const open = [...entries];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (schema[name] !== undefined) continue;
    const fields = root
      .lookupType(name)
      .fieldsArray.filter((field) => !leftOut.includes(`${name}.${field.name}`));
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
    type: typeOf(field),
    ...(field.repeated ? { rule: 'repeated' } : {}),
    ...(field.partOf ? { oneof: field.partOf.name } : {}),
  };
}

/** Enumerations are numbers on the wire. */
function typeOf({ resolvedType, type }: protobuf.Field): string {
  if (resolvedType instanceof protobuf.Enum) return 'int32';
  return resolvedType?.name ?? type;
}
