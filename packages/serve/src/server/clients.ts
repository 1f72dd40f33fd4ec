/**
 * Who of those that ask is one client: limits are of each, so that one that asks too much is refused alone.
 *
 * An address is one client; of IPv6 a network of 64 bits, which one machine has to itself. Behind a proxy and on
 * loopback many come from one address: there a proxy's X-Forwarded-For tells them apart, and where there is none the
 * name that a program gives itself. Both can be made up by who has the token, so all of such an address together have a
 * rate as well.
 */

import { LRUCache } from 'lru-cache';
import { TokenBucket } from '../answers/limits.ts';

export interface Client {
  readonly address: string;
  /** One of several at its address. */
  readonly name: string | undefined;
}

/** Requests a second of one client, and at once. */
const RATE = 100;
const BURST = 300;
/** Of all at an address that several share. */
const SHARED_RATE = 400;
const SHARED_BURST = 1200;
/** Who is forgotten begins anew: with so many it takes some effort to be. */
const MAX_BUCKETS = 2048;
const MAX_NAME = 128;

/** @param isShared several clients have this address @param peer undefined where it has gone meanwhile */
export function clientOf(request: Request, peer: string | undefined, isShared: boolean): Client {
  const address = networkOf(peer ?? '');
  if (!isShared) return { address, name: undefined };
  // The nearest proxy has put its own client last; what stands before it anybody may have written.
  const forwarded = request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  const name = forwarded || (request.headers.get('user-agent') ?? '');
  return { address, name: name.slice(0, MAX_NAME) };
}

export const keyOf = ({ address, name }: Client): string => `${address} ${name ?? ''}`;

/** An address of IPv4 as it is, of IPv6 its first 64 bits. */
export function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [before = '', after] = address.toLowerCase().split('::');
  const groups = before === '' ? [] : before.split(':');
  const behind = after ? after.split(':').length : 0;
  while (after !== undefined && groups.length + behind < 8) groups.push('0');
  return `${[...groups, ...(after ? after.split(':') : [])].slice(0, 4).join(':')}::`;
}

/** The rate of each client. */
export class ClientRates {
  readonly #clients = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });
  readonly #shared = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });

  /** @param now in milliseconds @throws Problem 429 */
  take(client: Client, now: number): void {
    // Who is refused takes nothing from the others at its address.
    bucketOf(this.#clients, keyOf(client), RATE, BURST).take(now);
    if (client.name !== undefined)
      bucketOf(this.#shared, client.address, SHARED_RATE, SHARED_BURST).take(now);
  }

  /** Of which something is remembered. */
  get size(): number {
    return this.#clients.size + this.#shared.size;
  }
}

function bucketOf(
  buckets: LRUCache<string, TokenBucket>,
  key: string,
  rate: number,
  burst: number,
): TokenBucket {
  let bucket = buckets.get(key);
  if (bucket === undefined) {
    bucket = new TokenBucket(rate, burst);
    buckets.set(key, bucket);
  }
  return bucket;
}
