/**
 * Sends a profile to an OTLP receiver by HTTP: a collector, or a store for profiles. Apart from the
 * formats, which only turn data into data, this opens a connection and waits.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Profile } from '../profile.ts';
import { zlib } from '../zlib.ts';
import type { OtlpExportResult } from './answer.ts';
import { attemptOtlp, type OtlpAttemptOptions } from './attempt.ts';
import { encodeOtlp, type OtlpOptions } from './encode.ts';
import { otlpAddress, otlpRetryDelay } from './retry.ts';

export type { OtlpExportResult } from './answer.ts';

const PATH = '/v1development/profiles';

export interface OtlpExportOptions extends OtlpOptions, OtlpAttemptOptions {
  /** The receiver, such as `http://localhost:4318`: its address for all signals, or for profiles. */
  readonly endpoint: string | URL;
  /** Ends the attempt that is under way, and the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** How often it is tried in all: 5. */
  readonly attempts?: number | undefined;
  /**
   * The longest wait between two attempts: 30,000 ms. A receiver that asks for more is not tried again.
   */
  readonly maxDelayMs?: number | undefined;
  /** The wait after the first failure when the receiver names none: 1,000 ms, doubled each time. */
  readonly firstDelayMs?: number | undefined;
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
  const address = otlpAddress(options.endpoint, PATH);
  // The runtimes’ types differ in what memory a Buffer stands on.
  const body = Uint8Array.from(zlib().gzipSync(encodeOtlp(profile, options)));
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOtlp(address, body, options);
    if ('result' in outcome) return outcome.result;
    const { problem, asked } = outcome;
    const delay = asked ?? otlpRetryDelay(attempt, { firstDelayMs, maxDelayMs });
    if (problem.code === 'OTLP_REFUSED' || attempt >= attempts || delay > maxDelayMs) throw problem;
    await pause(delay, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}
