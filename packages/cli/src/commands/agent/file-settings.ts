/** What the agent's file may say: each setting with what it is, as JSON Schema and in words. */

import { type OtlpProtocol, SIGNALS } from '@waggle/otlp';
import { parseListen } from '../../options/listen.ts';
import type { AgentOptions, OtlpOptions } from './options.ts';
import {
  DEFAULTS,
  PROTOCOLS,
  parseCpuShare,
  parseKeep,
  parseMemory,
  parseSignals,
  parseSize,
  parseSpoolSize,
  USUAL_METRICS_PORT,
  USUAL_SERVE_PORT,
} from './values.ts';

/** What of the options a file may say. */
export type FromFile = Omit<AgentOptions, 'config' | 'duration' | 'schema'>;

interface Setting {
  readonly expected: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** The part of the options that it becomes; undefined for a value that is none. */
  read(value: unknown): FromFile | undefined;
}

export type Settings = Readonly<Record<string, Setting>>;

const AGE = '^[0-9]{1,6}[smhdw]$';
const SIZE = '^[0-9]{1,9}[KMGTkmgt](i?B)?$';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A path. */
const path = (name: keyof FromFile, description: string): Setting => ({
  expected: 'the path of a file',
  schema: { type: 'string', minLength: 1, description },
  read: (value) => one(name, text(value) as never),
});

const OTLP: Settings = {
  endpoint: {
    expected: 'an address such as "http://127.0.0.1:4318"',
    schema: {
      type: 'string',
      pattern: '^https?://',
      description: 'The receiver: http://HOST:4318, for gRPC http://HOST:4317; https with TLS.',
    },
    read: (value) => one('otlp', text(value)),
  },
  protocol: {
    expected: `one of ${PROTOCOLS.join(', ')}`,
    schema: { enum: PROTOCOLS, default: 'http/protobuf' },
    read: (value) =>
      one('otlpProtocol', PROTOCOLS.find((each) => each === value) as OtlpProtocol | undefined),
  },
  headersFile: path('otlpHeaders', 'Lines of name: value, sent with each request; mode 0600.'),
  ca: path('otlpCa', 'Certificates (PEM) that the receiver is checked against.'),
  cert: path('otlpCert', 'Our certificate (PEM), where the receiver asks for one.'),
  key: path('otlpKey', 'Its key (PEM); mode 0600.'),
  signals: {
    expected: `a list of ${SIGNALS.join(', ')}`,
    schema: { type: 'array', items: { enum: SIGNALS }, minItems: 1, default: SIGNALS },
    read: (value) =>
      one('otlpSignals', Array.isArray(value) ? parseSignals(value.map(String)) : undefined),
  },
  resource: {
    expected: 'an object of texts, such as {"deployment.environment.name": "production"}',
    schema: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Attributes of the resource beside those of the host.',
    },
    read: (value) => one('otlpResource', texts(value)),
  },
  spool: path('otlpSpool', 'The folder where what is to be sent waits.'),
  spoolSize: {
    expected: 'a size from 1M on, such as "256M"',
    schema: { type: 'string', pattern: SIZE, default: DEFAULTS.otlpSpoolSize },
    read: (value) => one('otlpSpoolSize', parseSpoolSize(text(value) ?? '')),
  },
};

export const SETTINGS: Settings = {
  store: {
    expected: 'the path of a folder, or false for none',
    schema: {
      anyOf: [{ type: 'string', minLength: 1 }, { const: false }],
      description: 'Where it is kept; false: nowhere.',
    },
    read: (value) => one('store', value === false ? false : text(value)),
  },
  keep: {
    expected: 'an age from 1m on, such as "7d"',
    schema: { type: 'string', pattern: AGE, default: DEFAULTS.keep },
    read: (value) => one('keep', parseKeep(text(value) ?? '')),
  },
  maxSize: {
    expected: 'a size from 16M on, such as "2G"',
    schema: { type: 'string', pattern: SIZE, default: DEFAULTS.maxSize },
    read: (value) => one('maxSize', parseSize(text(value) ?? '')),
  },
  frequency: {
    expected: 'a whole number of samples a second, 1 to 100000',
    schema: { type: 'integer', minimum: 1, maximum: 100_000, default: DEFAULTS.frequency },
    read: (value) =>
      one(
        'frequency',
        Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 100_000
          ? (value as number)
          : undefined,
      ),
  },
  maxCpu: {
    expected: 'per cent of one CPU, from 1 on, such as 50',
    schema: { type: 'number', minimum: 1, default: DEFAULTS.maxCpu },
    read: (value) =>
      one('maxCpu', typeof value === 'number' ? parseCpuShare(String(value)) : undefined),
  },
  maxMemory: {
    expected: 'a size from 128M on, such as "512M"',
    schema: { type: 'string', pattern: SIZE, default: DEFAULTS.maxMemory },
    read: (value) => one('maxMemory', parseMemory(text(value) ?? '')),
  },
  metrics: {
    expected: `HOST:PORT, such as "127.0.0.1:${USUAL_METRICS_PORT}"`,
    schema: { type: 'string', minLength: 1 },
    read: (value) => address('metrics', value, USUAL_METRICS_PORT),
  },
  serve: {
    expected: `HOST:PORT, such as "127.0.0.1:${USUAL_SERVE_PORT}"`,
    schema: { type: 'string', minLength: 1 },
    read: (value) => address('serve', value, USUAL_SERVE_PORT),
  },
  tokenFile: path('tokenFile', 'The token that --metrics and --serve ask for.'),
  otlp: {
    expected: 'an address, or an object with "endpoint"',
    schema: {
      anyOf: [
        { type: 'string', pattern: '^https?://' },
        {
          type: 'object',
          properties: Object.fromEntries(
            Object.entries(OTLP).map(([name, { schema }]) => [name, schema]),
          ),
          required: ['endpoint'],
          additionalProperties: false,
        },
      ],
    },
    read: (value) => one('otlp', text(value)),
  },
  redact: {
    expected: 'a list of regular expressions',
    schema: { type: 'array', items: { type: 'string', minLength: 1, format: 'regex' } },
    read: (value) => one('redact', patterns(value)),
  },
  reveal: {
    expected: 'true or false',
    schema: { type: 'boolean', default: false },
    read: (value) => one('reveal', typeof value === 'boolean' ? value : undefined),
  },
};

/** Settings that have settings of their own, where they are an object. */
export const NESTED: Readonly<Record<string, Settings>> = { otlp: OTLP };

/** Of the whole file. https://json-schema.org/draft/2020-12 */
export function fileSchema(): object {
  const properties = Object.entries(SETTINGS).map(([name, { schema }]) => [name, schema]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'waggle agent',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
}

function one<Name extends keyof FromFile>(
  name: Name,
  value: FromFile[Name] | undefined,
): FromFile | undefined {
  return value === undefined ? undefined : { [name]: value };
}

function address(
  name: 'metrics' | 'serve',
  value: unknown,
  usualPort: number,
): FromFile | undefined {
  try {
    return one(name, parseListen(text(value) ?? '', usualPort));
  } catch {
    return undefined;
  }
}

function texts(value: unknown): OtlpOptions['otlpResource'] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, each]) => typeof each === 'string')
    ? (Object.fromEntries(entries) as Record<string, string>)
    : undefined;
}

function patterns(value: unknown): readonly RegExp[] | undefined {
  if (!Array.isArray(value)) return undefined;
  try {
    return value.map((each) => {
      if (typeof each !== 'string' || each === '') throw new SyntaxError('no pattern');
      return new RegExp(each);
    });
  } catch {
    return undefined;
  }
}
