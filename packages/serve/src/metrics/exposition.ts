/** Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */

type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface Sample {
  /** Behind the name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One name in Prometheus's text format, with all its values. */
export interface Metric {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The text that `/metrics` answers with. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, kind, help, samples }) => {
      const lines = samples.map(
        ({ suffix = '', labels = {}, value }) =>
          `${name}${suffix}${labelsText(labels)} ${number(value)}\n`,
      );
      return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
    })
    .join('');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return all.length === 0 ? '' : `{${all.join(',')}}`;
}

function escaped(value: string): string {
  return value.toWellFormed().replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

function number(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = [...bounds, 0].map(() => 0);
  }

  add(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const place = at < 0 ? this.#bounds.length : at;
    this.#counts[place] = (this.#counts[place] as number) + 1;
    this.#sum += value;
  }

  samples(): Sample[] {
    let below = 0;
    const buckets = this.#counts.map((count, at): Sample => {
      below += count;
      const bound = this.#bounds[at];
      return {
        suffix: '_bucket',
        labels: { le: bound === undefined ? '+Inf' : String(bound) },
        value: below,
      };
    });
    return [...buckets, { suffix: '_sum', value: this.#sum }, { suffix: '_count', value: below }];
  }
}

export function increment(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** What only grows. */
export const counter = (name: string, help: string, value: number): Metric => ({
  name,
  kind: 'counter',
  help,
  samples: [{ value }],
});

/** What goes up and down. */
export const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  kind: 'gauge',
  help,
  samples: [{ value }],
});

export function byLabel(
  name: string,
  help: string,
  label: string,
  counts: ReadonlyMap<string, number>,
): Metric {
  const samples = [...counts].map(([key, value]) => ({ labels: { [label]: key }, value }));
  return { name, kind: 'counter', help, samples };
}
