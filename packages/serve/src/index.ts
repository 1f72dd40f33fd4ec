/**
 * @waggle/serve: a host live over HTTP: a page, and an API for profiles, events, processes and metrics. Runs on Bun.
 * See README.md.
 */

export { LiveServer, type LiveServerOptions } from './live-server.ts';
export { EventMetrics } from './metrics/event-metrics.ts';
export { counter, exposition, gauge, type Metric } from './metrics/exposition.ts';
export { RecordedServer, type RecordedServerOptions } from './recorded-server.ts';
export { isLoopback } from './server/access.ts';
export { DEFAULT_KEEP_MS, ownerFrames } from './store/live-store.ts';
export type { ProcessDescription } from './store/processes.ts';
