/** CPU of a store: whose, where, and when. */

import type { Profile, ProfileStack } from '@waggle/formats';
import { type SampledPart, SampleSum, type StoreReader, toMs } from '@waggle/store';
import type { Scope } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { turns } from '../turns.ts';
import { type Names, type RecordedProcesses, WINDOW_MS } from './recorded-processes.ts';
import { spanInNs } from './span-in-ns.ts';
import { numberOf, timeOf } from './store-problem.ts';
import { windowsOf } from './windows.ts';

/** Where an agent sampled, and how much of it was at work. */
export interface SampledSpan extends Span {
  readonly cpuMs: number;
  readonly lost: number;
}

export class RecordedSamples {
  readonly #reader: StoreReader;
  readonly #processes: RecordedProcesses;

  constructor(reader: StoreReader, processes: RecordedProcesses) {
    this.#reader = reader;
    this.#processes = processes;
  }

  /** Samples of each process by its number. */
  async perProcess(span: Span, scope: Scope | undefined): Promise<Map<number, number>> {
    const sums = new Map<number, number>();
    await this.#each(span, ({ entries }, names) => {
      for (const { pid, startTime, count } of entries) {
        const id = names.find(pid, startTime)?.id;
        if (id !== undefined && (scope === undefined || scope.has(id)))
          sums.set(id, (sums.get(id) ?? 0) + count);
      }
    });
    return sums;
  }

  async profile(span: Span, scope: Scope | undefined, host: string): Promise<Profile> {
    const sum = new SampleSum();
    await this.#each(span, (part, names) =>
      sum.add(part, scope && (({ pid, startTime }) => isIn(scope, names.find(pid, startTime)?.id))),
    );
    const stacks: ProfileStack[] = [];
    const pause = turns();
    for (const stack of sum.stacks((number) => this.#reader.framesOf(number))) {
      stacks.push(stack);
      await pause();
    }
    const profile = sum.profile(stacks, host) ?? emptyProfile(span, host);
    if (scope === undefined) return profile;
    return { ...profile, metadata: { ...profile.metadata, target: scope.target } };
  }

  /** Part by part, the oldest first. */
  async curve(span: Span, scope: Scope | undefined): Promise<SampledSpan[]> {
    if (scope === undefined) return this.#wholeCurve(span);
    const found: SampledSpan[] = [];
    await this.#each(span, ({ fromNs, toNs, frequencyHz, lost, entries }, names) => {
      let samples = 0;
      for (const { pid, startTime, count } of entries)
        if (isIn(scope, names.find(pid, startTime)?.id)) samples += count;
      const cpuMs = (samples / frequencyHz) * 1000;
      found.push({ from: toMs(fromNs), to: toMs(toNs), cpuMs, lost });
    });
    return found;
  }

  /** Without unpacking what was sampled. */
  #wholeCurve(span: Span): SampledSpan[] {
    const { sinceNs, untilNs } = spanInNs(span);
    const found: SampledSpan[] = [];
    for (const row of this.#reader.sql(
      `SELECT fromNs, toNs, frequencyHz, samples, lost FROM profile WHERE toNs > ${sinceNs} AND fromNs < ${untilNs} ORDER BY toNs`,
    )) {
      const samples = numberOf(row.samples, 'profile.samples');
      const frequencyHz = numberOf(row.frequencyHz, 'profile.frequencyHz');
      found.push({
        from: toMs(timeOf(row.fromNs, 'profile.fromNs')),
        to: toMs(timeOf(row.toNs, 'profile.toNs')),
        cpuMs: frequencyHz > 0 ? (samples / frequencyHz) * 1000 : 0,
        lost: numberOf(row.lost, 'profile.lost'),
      });
    }
    return found;
  }

  /** Others get their turn between windows. */
  async #each(span: Span, take: (part: SampledPart, names: Names) => void): Promise<void> {
    const pause = turns();
    for (const window of windowsOf(this.#reader, span, WINDOW_MS)) {
      const parts = [...this.#reader.samples(spanInNs(window))];
      if (parts.length > 0) {
        const names = this.#processes.namesIn(window);
        for (const part of parts) {
          take(part, names);
          await pause();
        }
      }
      await pause();
    }
  }
}

const isIn = (scope: Scope, id: number | undefined): boolean => id !== undefined && scope.has(id);

/** Nothing was sampled. */
const emptyProfile = ({ from }: Span, host: string): Profile => ({
  stacks: [],
  metadata: {
    ...{ host, frequencyHz: 0, startTime: new Date(from) },
    ...{ durationSeconds: 0, samples: 0, lostSamples: 0 },
  },
});
