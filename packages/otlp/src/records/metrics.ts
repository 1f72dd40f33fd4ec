/** The metrics that Prometheus scrapes, as OTLP: sums since the agent started, gauges, histograms. */

import { logAndMetricMessages } from '@waggle/formats';
import { keyValues } from '../schema/attributes.ts';
import { codec, type Draft } from '../schema/codec.ts';
import { field } from '../schema/requests.ts';

/** One name with all its values; what `exposition` of `@waggle/serve` writes. */
export interface PlainMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly {
    /** Of a histogram: `_bucket` (with the label `le`, and all below), `_sum`, `_count`. */
    readonly suffix?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE */
const CUMULATIVE = 2;

interface Moment {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

/** Metrics one after the other, as `metricsRequest` takes them. */
export function encodeMetrics(metrics: readonly PlainMetric[], moment: Moment): Uint8Array {
  const id = logAndMetricMessages.ScopeMetrics.metrics.id;
  return Buffer.concat(
    metrics.map((metric) => field(id, codec.encode('Metric', metricOf(metric, moment)))),
  );
}

function metricOf({ name, help, kind, samples }: PlainMetric, moment: Moment): Draft<'Metric'> {
  const about = { name, description: help, unit: unitOf(name) };
  if (kind === 'histogram') return { ...about, histogram: histogramOf(samples, moment) };
  const dataPoints = samples.map(({ labels = {}, value }) => ({
    ...moment,
    attributes: keyValues(labels),
    asDouble: value,
  }));
  return kind === 'gauge'
    ? { ...about, gauge: { dataPoints } }
    : { ...about, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
}

/** UCUM, as the conventions ask for. */
function unitOf(name: string): string {
  const [, unit = ''] = /_(seconds|bytes)(?:_total)?$/.exec(name) ?? [];
  return { seconds: 's', bytes: 'By' }[unit] ?? '1';
}

function histogramOf(samples: PlainMetric['samples'], moment: Moment): Draft<'Histogram'> {
  const buckets = samples.filter(({ suffix }) => suffix === '_bucket');
  const valueWith = (wanted: string) => samples.find(({ suffix }) => suffix === wanted)?.value ?? 0;
  const below = buckets.map(({ value }) => value);
  return {
    aggregationTemporality: CUMULATIVE,
    dataPoints: [
      {
        ...moment,
        count: BigInt(valueWith('_count')),
        sum: valueWith('_sum'),
        // Each bucket by itself, and the last without a bound.
        bucketCounts: below.map((count, at) => BigInt(count - (below[at - 1] ?? 0))),
        explicitBounds: buckets
          .map(({ labels }) => Number(labels?.le))
          .filter((bound) => Number.isFinite(bound)),
      },
    ],
  };
}
