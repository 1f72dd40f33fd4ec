/** What others may ask of an agent: Prometheus's metrics, and whether it is well. */

import { timingSafeEqual } from 'node:crypto';
import { counter, type EventMetrics, exposition, gauge, isLoopback } from '@waggle/serve';
import type { StoreWriter } from '@waggle/store';
import type { ListenAddress } from '../../options/listen.ts';

export interface Health extends Disposable {
  readonly url: string;
}

export interface HealthOptions {
  readonly address: ListenAddress;
  /** Without it only loopback may be listened at. */
  readonly token: string | undefined;
  readonly store: StoreWriter;
  readonly events: EventMetrics;
}

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

/** @throws what Bun.serve throws: a port in use, for example */
export function serveHealth({ address, token, store, events }: HealthOptions): Health {
  const server = Bun.serve({
    ...address,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/health') return new Response('ok\n', { headers: TEXT });
      if (pathname !== '/metrics') return new Response('not found\n', { status: 404 });
      if (!isAllowed(request, address, token))
        return new Response('the token is missing or wrong\n', { status: 401 });
      return new Response(exposition(metrics(store, events)), { headers: TEXT });
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
    const host = new URL(`http://${request.headers.get('host') ?? ''}`).hostname;
    return isLoopback(hostname) && isLoopback(host.replace(/^\[|\]$/g, ''));
  }
  const given = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function metrics(store: StoreWriter, events: EventMetrics) {
  const { user, system } = process.cpuUsage();
  return [
    ...events.metrics(),
    gauge('waggle_processes', 'Processes that run.', store.aliveCount),
    counter('waggle_store_processes_total', 'Processes that were written.', store.written),
    counter(
      'waggle_store_dropped_total',
      'Rows that there was no room for on a full disk.',
      store.dropped,
    ),
    gauge('waggle_store_bytes', 'Pages of the store that are in use.', store.bytes),
    counter('waggle_self_cpu_seconds_total', 'CPU time of waggle itself.', (user + system) / 1e6),
    gauge(
      'waggle_self_resident_memory_bytes',
      'Memory of waggle itself.',
      process.memoryUsage.rss(),
    ),
  ];
}
