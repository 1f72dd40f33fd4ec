/**
 * Sends a profile to an OTLP receiver by HTTP: a collector, or a store for profiles. Apart from the
 * formats, which only turn data into data, this opens a connection and waits.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Profile } from '../profile.ts';
import { zlib } from '../zlib.ts';
import { isTransient, type OtlpExportResult, reasonOf, resultOf, retryAfter } from './answer.ts';
import { encodeOtlp, type OtlpOptions } from './encode.ts';
import { OtlpExportError } from './export-error.ts';

export type { OtlpExportResult } from './answer.ts';

const PATH = '/v1development/profiles';

export interface OtlpExportOptions extends OtlpOptions {
  /** The receiver, such as `http://localhost:4318`: its address for all signals, or for profiles. */
  readonly endpoint: string | URL;
  /** Sent with each attempt, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the runtime's own. */
  readonly fetch?: (address: URL, request: RequestInit) => Promise<Response>;
  /** Ends the attempt that is under way, and the waiting. */
  readonly signal?: AbortSignal;
  /** How often it is tried in all: 5. */
  readonly attempts?: number;
  /** How long an attempt may take: 10,000 ms. */
  readonly timeoutMs?: number;
  /**
   * The longest wait between two attempts: 30,000 ms. A receiver that asks for more is not tried again.
   */
  readonly maxDelayMs?: number;
  /** The wait after the first failure when the receiver names none: 1,000 ms, doubled each time. */
  readonly firstDelayMs?: number;
}

/**
 * Sends the profile, again if the receiver is busy or out of reach.
 *
 * @throws OtlpExportError when it was not delivered; its `code` says why.
 * @throws RangeError when a count is not a whole number of samples.
 * @throws TypeError when `endpoint` is no address.
 * @throws what `signal` was aborted with.
 */
export async function exportOtlp(
  profile: Profile,
  options: OtlpExportOptions,
): Promise<OtlpExportResult> {
  const { attempts = 5, maxDelayMs = 30_000, firstDelayMs = 1000, signal } = options;
  const address = addressOf(options.endpoint);
  const body = zlib().gzipSync(encodeOtlp(profile, options));
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(address, body, options);
    if ('result' in outcome) return outcome.result;
    const { problem, asked } = outcome;
    const delay = asked ?? jittered(Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs));
    if (problem.code === 'OTLP_REFUSED' || attempt >= attempts || delay > maxDelayMs) throw problem;
    await pause(delay, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

type Outcome =
  | { readonly result: OtlpExportResult }
  /** `asked`: the milliseconds that the receiver wants to be left alone. */
  | { readonly problem: OtlpExportError; readonly asked?: number | undefined };

async function attemptOnce(
  address: URL,
  body: Uint8Array<ArrayBuffer>,
  { headers, signal, timeoutMs = 10_000, fetch = globalThis.fetch }: OtlpExportOptions,
): Promise<Outcome> {
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

function addressOf(endpoint: string | URL): URL {
  const address = new URL(endpoint);
  if (!address.pathname.endsWith(PATH))
    address.pathname = address.pathname.replace(/\/*$/, '') + PATH;
  return address;
}

/** So that the many who fail at once do not all come back at once. */
function jittered(delay: number): number {
  return delay * (0.5 + Math.random() / 2);
}
