/**
 * What Prometheus is told: executions, exits by outcome, lifetimes, what was lost, CPU by container, and what
 * watching costs. Labels are few and bounded: no name of a program or user is one.
 */

import type { BriefEvents } from '@waggle/core/plugins/brief-events';
import type { LiveStore } from '../store/live-store.ts';
import { EventMetrics } from './event-metrics.ts';
import { byLabel, counter, gauge, increment, type Metric } from './exposition.ts';

/** Containers that have a line of their own; CPU of more is counted under `other`. */
const MAX_CONTAINERS = 200;
const NO_CONTAINER = '';
const OTHER = 'other';

export class HostMetrics {
  readonly #events = new EventMetrics();
  readonly #frequencyHz: number;
  /** By container. */
  readonly #cpuSamples = new Map<string, number>([[NO_CONTAINER, 0]]);
  #samples = 0;
  #lostSamples = 0;
  /** Answers by route and status. */
  readonly #requests = new Map<string, { route: string; status: string; count: number }>();

  constructor(frequencyHz: number) {
    this.#frequencyHz = frequencyHz;
  }

  addEvents(events: BriefEvents): void {
    this.#events.addBrief(events);
  }

  /** @param byContainer samples; `undefined` for those outside of any */
  addSamples(byContainer: ReadonlyMap<string | undefined, number>, lost: number): void {
    this.#lostSamples += lost;
    for (const [container, samples] of byContainer) {
      this.#samples += samples;
      const known = container ?? NO_CONTAINER;
      const isTooMany = !this.#cpuSamples.has(known) && this.#cpuSamples.size >= MAX_CONTAINERS;
      increment(this.#cpuSamples, isTooMany ? OTHER : known, samples);
    }
  }

  addRequest(route: string, status: number): void {
    const key = `${status} ${route}`;
    const known = this.#requests.get(key) ?? { route, status: String(status), count: 0 };
    known.count++;
    this.#requests.set(key, known);
  }

  metrics(
    store: LiveStore,
    connected: {
      readonly pages: number;
      readonly unreadBytes: number;
      readonly streams: number;
    },
  ): Metric[] {
    const { user, system } = process.cpuUsage();
    return [
      ...this.#events.metrics(),
      gauge('waggle_processes', 'Processes that run.', store.processes.liveCount),
      counter('waggle_samples_total', 'Samples of CPUs at work.', this.#samples),
      counter(
        'waggle_lost_samples_total',
        'Samples that were taken and could not be kept.',
        this.#lostSamples,
      ),
      byLabel(
        'waggle_cpu_seconds_total',
        'CPU time by container, as sampled; the label is empty outside of any.',
        'container',
        new Map([...this.#cpuSamples].map(([name, count]) => [name, count / this.#frequencyHz])),
      ),
      counter('waggle_self_cpu_seconds_total', 'CPU time of waggle itself.', (user + system) / 1e6),
      gauge(
        'waggle_self_resident_memory_bytes',
        'Memory of waggle itself.',
        process.memoryUsage.rss(),
      ),
      gauge(
        'waggle_self_kept_bytes',
        'Events and samples that are kept.',
        store.events.bytes + store.samples.bytes,
      ),
      gauge('waggle_self_pages', 'Pages that are connected.', connected.pages),
      gauge(
        'waggle_self_unread_bytes',
        'That connected pages have not taken yet.',
        connected.unreadBytes,
      ),
      gauge('waggle_self_streams', 'Streams of events that are open.', connected.streams),
      {
        name: 'waggle_http_requests_total',
        kind: 'counter',
        help: 'Answers by route and status.',
        samples: [...this.#requests.values()].map(({ route, status, count }) => ({
          labels: { route, status },
          value: count,
        })),
      },
    ];
  }
}
