/** A path, and who answers it. */

import type { Handler } from './api.ts';

export interface Route {
  readonly handle: Handler;
  /** Says nothing of the host: needs no token. */
  readonly isOpen?: true;
  /** Counts against the rate of requests. */
  readonly isComputed?: true;
}
