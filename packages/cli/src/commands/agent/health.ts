/** What others may ask of an agent: Prometheus's metrics, and whether it is well. */

import { timingSafeEqual } from 'node:crypto';
import { exposition, isLoopback, type Metric } from '@waggle/serve';
import type { ListenAddress } from '../../options/listen.ts';

export interface Health extends Disposable {
  readonly url: string;
}

export interface HealthOptions {
  readonly address: ListenAddress;
  /** Without it only loopback may be listened at. */
  readonly token: string | undefined;
  readonly metrics: () => readonly Metric[];
}

/** Whoever says nothing for that long has its connection closed. */
const IDLE_SECONDS = 30;
/** Nothing that is answered has a body. */
const MAX_BODY = 1024;

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

/** @throws NodeJS.ErrnoException of Bun.serve: a port in use, for example */
export function serveHealth({ address, token, metrics }: HealthOptions): Health {
  const server = Bun.serve({
    ...address,
    // Or Bun answers what it cannot handle with a page of our source.
    development: false,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY,
    fetch(request) {
      // Without a host of the request's that is one, it is a path alone.
      const pathname = URL.parse(request.url, 'http://localhost')?.pathname;
      if (pathname === undefined) return new Response('bad request\n', { status: 400 });
      if (pathname === '/health') return new Response('ok\n', { headers: TEXT });
      if (pathname !== '/metrics') return new Response('not found\n', { status: 404 });
      if (!isAllowed(request, address, token))
        return new Response('the token is missing or wrong\n', { status: 401 });
      return new Response(exposition(metrics()), { headers: TEXT });
    },
  });
  return {
    url: `http://${address.hostname.includes(':') ? `[${address.hostname}]` : address.hostname}:${server.port}/metrics`,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function isAllowed(
  request: Request,
  { hostname }: ListenAddress,
  token: string | undefined,
): boolean {
  if (token === undefined) {
    // Another name for loopback is a page's that a browser was led to (DNS rebinding).
    const host = URL.parse(`http://${request.headers.get('host') ?? ''}`)?.hostname ?? '';
    return isLoopback(hostname) && isLoopback(host.replace(/^\[|\]$/g, ''));
  }
  const given = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
