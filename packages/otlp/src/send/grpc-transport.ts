/** OTLP by gRPC, of @grpc/grpc-js, which is loaded only where somebody wants it. */

import { gunzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { MessageCodec, OtlpExportError, type OtlpOutcome } from '@waggle/formats';
import { GRPC_METHODS, type Signal } from '../signal.ts';
import type { OtlpTarget } from './target.ts';
import type { Transport } from './transport.ts';

const TIMEOUT_MS = 10_000;
const GZIP = 2;

/** The answers after which the same request may succeed, as OTLP has it. */
const TRANSIENT: readonly number[] = [
  grpc.status.CANCELLED,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.ABORTED,
  grpc.status.OUT_OF_RANGE,
  grpc.status.UNAVAILABLE,
  grpc.status.DATA_LOSS,
];

/** What HTTP says in its place, for those that are treated apart. */
const AS_HTTP: Readonly<Record<number, number>> = {
  [grpc.status.UNIMPLEMENTED]: 404,
  [grpc.status.UNAUTHENTICATED]: 401,
  [grpc.status.PERMISSION_DENIED]: 403,
};

/** Of an answer and of a refusal (google.rpc.Status with a RetryInfo), as far as they are read here. */
const codec = new MessageCodec({
  Answer: { partialSuccess: { id: 1, type: 'PartialSuccess' } },
  PartialSuccess: {
    rejected: { id: 1, type: 'int64' },
    errorMessage: { id: 2, type: 'string' },
  },
  Status: { details: { id: 3, type: 'Any', rule: 'repeated' } },
  Any: { typeUrl: { id: 1, type: 'string' }, value: { id: 2, type: 'bytes' } },
  RetryInfo: { retryDelay: { id: 1, type: 'Duration' } },
  Duration: { seconds: { id: 1, type: 'int64' }, nanos: { id: 2, type: 'int32' } },
} as const);

const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;

export class GrpcTransport implements Transport {
  readonly #target: OtlpTarget;
  readonly #client: grpc.Client;
  readonly #metadata = new grpc.Metadata();

  constructor(target: OtlpTarget) {
    this.#target = target;
    const { headers, tls } = target.secrets();
    const { ca = null, key = null, cert = null } = tls;
    const credentials = target.isTls
      ? grpc.credentials.createSsl(ca, key, cert)
      : grpc.credentials.createInsecure();
    for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value);
    const { hostname, port } = target.endpoint;
    this.#client = new grpc.Client(
      `${hostname}:${port || (target.isTls ? 443 : 80)}`,
      credentials,
      {
        'grpc.default_compression_algorithm': GZIP,
        // Ours to decide: sender.ts.
        'grpc.enable_retries': 0,
      },
    );
  }

  send(what: Signal, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<OtlpOutcome> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        GRPC_METHODS[what],
        bytesAsTheyAre,
        bytesAsTheyAre,
        gunzipSync(body),
        this.#metadata,
        { deadline: Date.now() + TIMEOUT_MS },
        (error, answer) => {
          signal.removeEventListener('abort', abort);
          if (signal.aborted) reject(signal.reason);
          else resolve(error === null ? resultOf(answer) : this.#problemOf(error));
        },
      );
      const abort = () => call.cancel();
      signal.addEventListener('abort', abort);
    });
  }

  close(): void {
    this.#client.close();
  }

  #problemOf({ code, details, metadata }: grpc.ServiceError): OtlpOutcome {
    const { host } = this.#target.endpoint;
    const asked = retryDelayOf(metadata);
    const name = grpc.status[code] ?? String(code);
    const isTransient =
      TRANSIENT.includes(code) || (code === grpc.status.RESOURCE_EXHAUSTED && asked !== undefined);
    // No connection is an UNAVAILABLE as well.
    const message = `${host} answered ${name}${details && `: ${details.slice(0, 300)}`}`;
    return {
      problem: new OtlpExportError(isTransient ? 'OTLP_UNAVAILABLE' : 'OTLP_REFUSED', message, {
        ...(AS_HTTP[code] === undefined ? {} : { status: AS_HTTP[code] }),
      }),
      asked,
    };
  }
}

function resultOf(answer: Buffer | undefined): OtlpOutcome {
  try {
    const { partialSuccess } = codec.decode('Answer', answer ?? new Uint8Array());
    const { rejected = 0n, errorMessage = '' } = partialSuccess ?? {};
    return {
      result: {
        rejectedProfiles: Number(rejected),
        ...(errorMessage === '' ? {} : { message: errorMessage.slice(0, 300) }),
      },
    };
  } catch {
    return { result: { rejectedProfiles: 0 } };
  }
}

/** How long it asks to be left alone, in ms. */
function retryDelayOf(metadata: grpc.Metadata | undefined): number | undefined {
  const [status] = metadata?.get('grpc-status-details-bin') ?? [];
  if (!(status instanceof Uint8Array)) return undefined;
  try {
    for (const { typeUrl, value } of codec.decode('Status', status).details) {
      if (!typeUrl?.endsWith('google.rpc.RetryInfo') || value === undefined) continue;
      const { seconds = 0n, nanos = 0 } = codec.decode('RetryInfo', value).retryDelay ?? {};
      return Number(seconds) * 1000 + nanos / 1e6;
    }
  } catch {
    // Nothing that we know.
  }
  return undefined;
}
