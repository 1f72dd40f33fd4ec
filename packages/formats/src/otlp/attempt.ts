/** One request to an OTLP receiver by HTTP, of any signal, and what came of it. */
import { isTransient, type OtlpExportResult, reasonOf, resultOf, retryAfter } from './answer.ts';
import { OtlpExportError } from './export-error.ts';

export interface OtlpAttemptOptions {
  /** Sent with the request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In place of the runtime's own. */
  readonly fetch?: ((address: URL, request: RequestInit) => Promise<Response>) | undefined;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
  /** How long it may take: 10,000 ms. */
  readonly timeoutMs?: number | undefined;
}

export type OtlpOutcome =
  | { readonly result: OtlpExportResult }
  /** `asked`: the milliseconds that the receiver wants to be left alone. */
  | { readonly problem: OtlpExportError; readonly asked?: number | undefined };

/**
 * @param body a message in protocol buffers, compressed by gzip
 * @throws what `signal` was aborted with.
 */
export async function attemptOtlp(
  address: URL,
  body: Uint8Array<ArrayBuffer>,
  { headers, signal, timeoutMs = 10_000, fetch = globalThis.fetch }: OtlpAttemptOptions,
): Promise<OtlpOutcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/x-protobuf',
        'content-encoding': 'gzip',
      },
      body,
      // To follow one could hand the headers, and the profile, to somebody else.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const { ok, status } = response;
    if (ok) return { result: await resultOf(response) };
    const reason = await reasonOf(response);
    const code = isTransient(status) ? 'OTLP_UNAVAILABLE' : 'OTLP_REFUSED';
    const message = `${address.host} answered ${status}${reason && `: ${reason}`}`;
    return {
      problem: new OtlpExportError(code, message, { status }),
      asked: retryAfter(response.headers),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    const why = timeout.aborted ? `no answer in ${timeoutMs} ms` : (cause as Error).message;
    const message = `${address.host} could not be reached: ${why}`;
    return { problem: new OtlpExportError('OTLP_UNREACHABLE', message, { cause }) };
  }
}
