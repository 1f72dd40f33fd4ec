/** What delivers one request: by HTTP, or by gRPC. */

import type { OtlpOutcome } from '@waggle/formats';
import type { Signal } from '../signal.ts';

export interface Transport {
  /**
   * @param body a request in protocol buffers, compressed by gzip
   * @throws what `signal` was aborted with
   */
  send(what: Signal, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<OtlpOutcome>;
  close(): void;
}
