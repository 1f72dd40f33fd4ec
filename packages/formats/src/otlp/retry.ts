/** Where a request of a signal goes, and when it is tried again: for every sender of OTLP. */

export interface RetryDelays {
  /** After the first failure, in milliseconds; doubled with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * The wait after so many failures, 1 or more, in milliseconds. Chance takes up to half of it off, so that the many who
 * fail at once do not all come back at once.
 */
export function otlpRetryDelay(
  failures: number,
  { firstDelayMs, maxDelayMs }: RetryDelays,
): number {
  const delay = Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs);
  return delay * (0.5 + Math.random() / 2);
}

/**
 * The address of a signal, by that of the receiver: `path` is put behind it unless it is there.
 *
 * @throws TypeError when `endpoint` is no address.
 */
export function otlpAddress(endpoint: string | URL, path: string): URL {
  const address = new URL(endpoint);
  if (!address.pathname.endsWith(path))
    address.pathname = address.pathname.replace(/\/*$/, '') + path;
  return address;
}
