/** OTLP by HTTP: the runtime's own client, with certificates as it takes them. */

import { attemptOtlp, type OtlpOutcome, otlpAddress } from '@waggle/formats';
import { HTTP_PATHS, type Signal } from '../signal.ts';
import type { OtlpTarget } from './target.ts';
import type { Transport } from './transport.ts';

const TIMEOUT_MS = 10_000;

/** Bun's, beside the standard's. */
type WithTls = RequestInit & { readonly tls?: Readonly<Record<string, unknown>> };

export class HttpTransport implements Transport {
  readonly #target: OtlpTarget;

  constructor(target: OtlpTarget) {
    this.#target = target;
  }

  send(what: Signal, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<OtlpOutcome> {
    const { headers, tls } = this.#target.secrets();
    const address = otlpAddress(this.#target.endpoint, HTTP_PATHS[what]);
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value));
    const request = (to: URL, init: RequestInit) => {
      const withTls: WithTls = this.#target.isTls ? { ...init, tls: given } : init;
      return fetch(to, withTls);
    };
    return attemptOtlp(address, body, { headers, signal, timeoutMs: TIMEOUT_MS, fetch: request });
  }

  close(): void {}
}
