/**
 * Executions, exits by outcome, lifetimes: what Prometheus is told of events. Labels are few and bounded: no name of a
 * program or user is one.
 */

import type { ProcessEvent } from '@waggle/core';
import { BriefEvents } from '@waggle/core/plugins/brief-events';
import { byLabel, counter, Histogram, increment, type Metric } from './exposition.ts';

const LIFETIME_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 86_400];

/** Counts of events: executions, births, exits by outcome and signal, failures by error, lifetimes, losses. */
export class EventMetrics {
  #execs = 0;
  #forks = 0;
  #lost = 0;
  readonly #exits = new Map<string, number>([
    ['success', 0],
    ['failure', 0],
    ['signal', 0],
  ]);
  readonly #failedExecs = new Map<string, number>();
  readonly #signals = new Map<string, number>();
  readonly #lifetimes = new Histogram(LIFETIME_BOUNDS);

  /** Counts them. */
  add(events: readonly ProcessEvent[]): void {
    this.addBrief(BriefEvents.of(events));
  }

  /** The same of events of which most are no objects. */
  addBrief(events: BriefEvents): void {
    for (let index = 0; index < events.length; index++) {
      const kind = events.kindAt(index);
      if (kind === 'exec') this.#execs++;
      else if (kind === 'fork') this.#forks++;
      else if (kind === 'lost') this.#lost += events.lostAt(index);
      else if (kind === 'failed-exec') increment(this.#failedExecs, events.errorAt(index));
      else {
        const { signal, exitCode } = events.endAt(index);
        increment(this.#exits, signal !== null ? 'signal' : exitCode === 0 ? 'success' : 'failure');
        if (signal !== null) increment(this.#signals, signal);
        this.#lifetimes.add(events.lifetimeNsAt(index) / 1e9);
      }
    }
  }

  /** That ended. */
  get processes(): number {
    let sum = 0;
    for (const count of this.#exits.values()) sum += count;
    return sum;
  }

  /** As they are now. */
  metrics(): Metric[] {
    return [
      counter('waggle_execs_total', 'Programs that were executed.', this.#execs),
      counter('waggle_forks_total', 'Processes that were born.', this.#forks),
      byLabel('waggle_exits_total', 'Ends of processes by outcome.', 'outcome', this.#exits),
      byLabel('waggle_exit_signals_total', 'Ends of processes by signal.', 'signal', this.#signals),
      byLabel('waggle_failed_execs_total', 'Executions that failed.', 'error', this.#failedExecs),
      {
        name: 'waggle_process_lifetime_seconds',
        kind: 'histogram',
        help: 'From birth to end of processes that ended.',
        samples: this.#lifetimes.samples(),
      },
      counter(
        'waggle_lost_events_total',
        'Events that the kernel made and nobody saw.',
        this.#lost,
      ),
    ];
  }
}
