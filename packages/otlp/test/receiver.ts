/**
 * A receiver of OTLP for tests, by HTTP and by gRPC. It reads requests by the published .proto files, not by what the
 * package itself writes with, keeps what it has taken, and answers as badly as it is told to.
 */

import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { GRPC_METHODS, HTTP_PATHS, SIGNALS, type Signal } from '../src/signal.ts';

const SCHEMA = join(import.meta.dir, '../../formats/schema/opentelemetry-proto');
const COLLECTOR = 'opentelemetry/proto/collector';
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(SCHEMA, target);
root.loadSync(
  ['logs/v1/logs', 'metrics/v1/metrics', 'profiles/v1development/profiles'].map(
    (name) => `${COLLECTOR}/${name}_service.proto`,
  ),
);
const REQUESTS: Readonly<Record<Signal, string>> = {
  logs: 'ExportLogsServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  profiles: 'ExportProfilesServiceRequest',
};

/** A message as protobufjs makes it of bytes: whatever the schema says. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads it by names.
export type Loose = Record<string, any>;

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One log record, with its attributes as an object. */
export interface ReceivedRecord {
  readonly eventName: string;
  readonly body: string;
  readonly time: bigint;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, Json>>;
}

export interface Received {
  readonly signal: Signal;
  /** Of the request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As protobufjs makes it, 64 bits as strings. */
  readonly message: Loose;
}

/** What to answer in place of "taken". */
export type Answer = (
  signal: Signal,
  attempt: number,
) => Response | Promise<Response | undefined> | undefined;

export interface ReceiverOptions {
  readonly port?: number;
  readonly tls?: {
    readonly key: string;
    readonly cert: string;
    readonly ca?: string;
    readonly requestCert?: boolean;
  };
  readonly answer?: Answer;
}

function decode(signal: Signal, bytes: Uint8Array): Loose {
  const type = root.lookupType(REQUESTS[signal]);
  return type.toObject(type.decode(bytes), { longs: String, arrays: true });
}

class Taken {
  readonly requests: Received[] = [];
  attempts = 0;

  of(signal: Signal): readonly Received[] {
    return this.requests.filter((each) => each.signal === signal);
  }

  get records(): readonly ReceivedRecord[] {
    return this.of('logs').flatMap(({ message }) =>
      message.resourceLogs.flatMap(({ scopeLogs }: Loose) =>
        scopeLogs.flatMap(({ logRecords }: Loose) => logRecords.map(recordOf)),
      ),
    );
  }

  /** Distinct ids of events, in the order in which they came. */
  get eventIds(): ReadonlySet<string> {
    return new Set(
      this.records.flatMap(({ attributes }) => {
        const id = attributes['log.record.uid'];
        return typeof id === 'string' ? [id] : [];
      }),
    );
  }

  /** Attributes of the last request's resource. */
  get resource(): Readonly<Record<string, Json>> {
    const [first] = this.of('logs').at(-1)?.message.resourceLogs ?? [];
    return attributesOf(first?.resource.attributes ?? []);
  }
}

export class HttpReceiver extends Taken implements Disposable {
  readonly #server: Bun.Server<undefined>;

  constructor({ port = 0, tls, answer = () => undefined }: ReceiverOptions = {}) {
    super();
    this.#server = Bun.serve({
      hostname: '127.0.0.1',
      port,
      ...(tls === undefined
        ? {}
        : { tls: { ...tls, rejectUnauthorized: tls.requestCert === true } }),
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        const signal = SIGNALS.find((each) => HTTP_PATHS[each] === pathname);
        if (signal === undefined) return new Response('no such path', { status: 404 });
        const body = new Uint8Array(await request.arrayBuffer());
        const other = await answer(signal, ++this.attempts);
        if (other !== undefined) return other;
        this.requests.push({
          signal,
          headers: Object.fromEntries(request.headers),
          message: decode(signal, gunzipSync(body)),
        });
        return new Response(new Uint8Array(), {
          headers: { 'content-type': 'application/x-protobuf' },
        });
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** What to answer in place of "taken". */
export type GrpcAnswer = (
  signal: Signal,
  attempt: number,
) => Partial<grpc.ServiceError> | undefined;

export class GrpcReceiver extends Taken implements Disposable {
  readonly #server = new grpc.Server();
  port = 0;

  static async open(
    answer: GrpcAnswer = () => undefined,
    credentials = grpc.ServerCredentials.createInsecure(),
  ): Promise<GrpcReceiver> {
    const receiver = new GrpcReceiver();
    await receiver.#listen(answer, credentials);
    return receiver;
  }

  [Symbol.dispose](): void {
    this.#server.forceShutdown();
  }

  async #listen(answer: GrpcAnswer, credentials: grpc.ServerCredentials): Promise<void> {
    const bytes = (value: Buffer): Buffer => value;
    for (const signal of SIGNALS) {
      const method = {
        path: GRPC_METHODS[signal],
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      };
      this.#server.addService(
        { Export: method },
        {
          Export: (
            call: grpc.ServerUnaryCall<Buffer, Buffer>,
            reply: grpc.sendUnaryData<Buffer>,
          ) => {
            const error = answer(signal, ++this.attempts);
            if (error !== undefined) return reply(error);
            const headers = call.metadata.getMap() as Record<string, string>;
            this.requests.push({ signal, headers, message: decode(signal, call.request) });
            reply(null, Buffer.alloc(0));
          },
        },
      );
    }
    this.port = await new Promise((done, failed) =>
      this.#server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
        error === null ? done(port) : failed(error),
      ),
    );
  }
}

function recordOf(record: Loose): ReceivedRecord {
  return {
    eventName: record.eventName ?? '',
    body: record.body?.stringValue ?? '',
    time: BigInt(record.timeUnixNano),
    severity: record.severityNumber,
    attributes: attributesOf(record.attributes),
  };
}

function attributesOf(list: readonly Loose[]): Record<string, Json> {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Loose): Json {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? null;
}
