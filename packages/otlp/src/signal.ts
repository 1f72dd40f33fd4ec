/** The three kinds of what is sent, and where each goes. */

export const SIGNALS = ['logs', 'metrics', 'profiles'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Below the endpoint, by HTTP. */
export const HTTP_PATHS: Readonly<Record<Signal, string>> = {
  logs: '/v1/logs',
  metrics: '/v1/metrics',
  profiles: '/v1development/profiles',
};

/** By gRPC. */
export const GRPC_METHODS: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  profiles: '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
};
