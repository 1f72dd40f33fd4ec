/** Which of OpenTelemetry's messages logs and metrics are made of. */

import { otlpSchema, type Schema } from '../../formats/scripts/otlp-schema.ts';

export const logsAndMetrics = (): Schema =>
  otlpSchema({
    services: ['logs/v1/logs_service.proto', 'metrics/v1/metrics_service.proto'],
    entries: ['ExportLogsServiceRequest', 'ExportMetricsServiceRequest'],
    // No attribute here is a map. What counts by exponents or summarizes is not made.
    leftOut: [
      'AnyValue.kvlistValue',
      'Metric.exponentialHistogram',
      'Metric.summary',
      'NumberDataPoint.exemplars',
      'HistogramDataPoint.exemplars',
    ],
  });
