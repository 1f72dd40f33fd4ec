/** A host as it was, from the store of an agent: who ran at a moment, as /proc would have said it, and what happened then. */

import { ProcfsError, type ProcStat } from '@waggle/cache';
import type { ProcessEvent } from '@waggle/core';
import {
  type EarlierProgram,
  type HistoryProcess,
  programAt,
  type StoreReader,
  toMs,
} from '@waggle/store';
import type {
  ProcessDescription,
  ProcessFigures,
  RecordedGap,
  RecordedSamples,
  Recording,
} from '@waggle/tui';
import { parseMoment } from '../../../store/moment.ts';
import { byTime, eventsOf, failureOf, lossOf } from '../../../store/recorded-events.ts';
import { storeProblem } from '../../../store/store-problem.ts';
import { RecordedProfile } from './recorded-samples.ts';

const TICKS_PER_SECOND = 100;
/** Processes that begin before a moment and are gone through to show it. */
const MAX_BIRTHS = 1500;
/** As Linux has it: all threads of the kernel are its children. */
const KTHREADD = 2;

const nanoseconds = (ms: number): bigint => BigInt(Math.floor(ms * 1000)) * 1000n;

type EarlierByProcess = ReadonlyMap<number, readonly EarlierProgram[]>;

export class RecordedHost implements Recording, ProcessFigures {
  readonly clockTicksPerSecond = TICKS_PER_SECOND;
  readonly #store: StoreReader;
  readonly #profile: RecordedProfile;
  readonly #byPid = new Map<number, HistoryProcess[]>();
  readonly #earlier = new Map<number, readonly EarlierProgram[]>();
  /** CPU time since `startAt`, in ticks, by pid. */
  readonly #ticks = new Map<number, number>();
  #at = 0;

  constructor(store: StoreReader, frequencyHz: number) {
    this.#store = store;
    this.#profile = new RecordedProfile(store, frequencyHz);
  }

  get kept(): { readonly from: number; readonly to: number } | undefined {
    const { kept } = this.#store;
    return kept && { from: toMs(kept.fromNs), to: toMs(kept.toNs) };
  }

  beginFor(at: number, beforeMs: number): number {
    const [row] = [
      ...this.#store.sql(
        `SELECT startNs FROM process WHERE startNs <= ${nanoseconds(at)} ORDER BY startNs DESC LIMIT 1 OFFSET ${MAX_BIRTHS}`,
      ),
    ];
    const many = typeof row?.startNs === 'bigint' ? toMs(row.startNs) : 0;
    return Math.min(Math.max(at - beforeMs, many), at);
  }

  startAt(at: number): void {
    // Before anything is forgotten: what cannot be read leaves all as it was.
    const there = this.#store.at(nanoseconds(at));
    const earlier = this.#earlierIn(there);
    this.#byPid.clear();
    this.#earlier.clear();
    this.#ticks.clear();
    this.#know(there, earlier);
    this.#at = at;
  }

  goTo(at: number): void {
    for (const [pid, percent] of this.#profile.percentsAt(at)) {
      const used = ((percent / 100) * (at - this.#at) * TICKS_PER_SECOND) / 1000;
      this.#ticks.set(pid, (this.#ticks.get(pid) ?? 0) + used);
    }
    this.#at = at;
  }

  events(from: number, to: number): readonly ProcessEvent[] {
    const [fromNs, toNs] = [nanoseconds(from), nanoseconds(to)];
    const isIn = ({ time }: ProcessEvent) => time > fromNs && time <= toNs;
    const found: ProcessEvent[] = [];
    const processes: HistoryProcess[] = [];
    for (const entry of this.#store.history({ sinceNs: fromNs, untilNs: toNs })) {
      if (entry.event === 'process') processes.push(entry);
      else found.push(failureOf(entry));
    }
    this.#know(processes, this.#earlierIn(processes, this.#earlier));
    for (const process of processes) found.push(...eventsOf(process, this.#earlierOf(process)));
    const losses = this.#store.sql(
      `SELECT timeNs, count FROM loss WHERE kind = 'events' AND timeNs > ${fromNs} AND timeNs <= ${toNs}`,
    );
    for (const { timeNs, count } of losses)
      if (typeof timeNs === 'bigint') found.push(lossOf(timeNs, Number(count)));
    return found.filter(isIn).sort(byTime);
  }

  samples(from: number, to: number): readonly RecordedSamples[] {
    return this.#profile.samples(from, to);
  }

  gaps(from: number, to: number): readonly RecordedGap[] {
    return this.#store
      .gaps({ sinceNs: nanoseconds(from), untilNs: nanoseconds(to) })
      .map(({ fromNs, toNs, reason }) => ({
        ...{ from: toMs(fromNs), to: toMs(toNs), reason },
      }));
  }

  momentOf(text: string): number | undefined {
    const ns = parseMoment(text, Date.now());
    return ns === undefined ? undefined : toMs(ns);
  }

  wordsOf(error: unknown): string | undefined {
    const problem = storeProblem(error);
    return problem && `${problem}; another moment may be whole`;
  }

  get fate(): string | undefined {
    const { place } = this.#store;
    return place === 'there' ? undefined : `the store was ${place}`;
  }

  describe(pid: number): ProcessDescription | undefined {
    const process = this.#processAt(pid);
    if (process === undefined) return undefined;
    const { argv } = programAt(process, this.#earlierOf(process), nanoseconds(this.#at));
    const { uid, containerId, cgroup } = process;
    return {
      argv: argv ?? undefined,
      uid: uid ?? undefined,
      containerId: containerId ?? undefined,
      cgroup: cgroup ?? undefined,
    };
  }

  /** Who ran at the moment. */
  pids(): number[] {
    return [...this.#byPid.keys()].filter((pid) => this.#processAt(pid) !== undefined);
  }

  /** As /proc would have had it, as far as a store knows it; start times are counted from 1970. */
  stat(pid: number): ProcStat {
    const process = this.#processAt(pid);
    if (process === undefined) throw new ProcfsError('gone', pid, 'stat');
    const { comm } = programAt(process, this.#earlierOf(process), nanoseconds(this.#at));
    const ppid = process.ppid ?? 0;
    const isKernelThread = pid === KTHREADD || ppid === KTHREADD;
    return {
      ...{ pid, comm, ppid, state: 'R', kernelThread: isKernelThread, flags: 0 },
      startTimeTicks: (toMs(process.startNs) * TICKS_PER_SECOND) / 1000,
      ...{ utimeTicks: this.#ticks.get(pid) ?? 0, stimeTicks: 0 },
      ...{ pgrp: 0, session: 0, ttyNr: 0, tpgid: -1, exiting: false, ended: false, instance: 0 },
      // Not kept: nothing is shown of them.
      ...{ numThreads: 0, vsizeBytes: 0, rssPages: 0, startCode: 0, startStack: 0 },
      layoutFingerprint: 0,
    };
  }

  #know(processes: readonly HistoryProcess[], earlier: EarlierByProcess): void {
    for (const process of processes) {
      const all = (this.#byPid.get(process.pid) ?? []).filter(({ id }) => id !== process.id);
      this.#byPid.set(process.pid, [...all, process]);
    }
    for (const [id, programs] of earlier) this.#earlier.set(id, programs);
  }

  /** @param known of whom nothing is to be asked any more */
  #earlierIn(processes: readonly HistoryProcess[], known?: EarlierByProcess): EarlierByProcess {
    const many = processes.flatMap(({ id, execs }) => (execs > 1 && !known?.has(id) ? [id] : []));
    const found = Map.groupBy(this.#store.earlierPrograms(many), ({ process }) => process);
    return new Map(many.map((id) => [id, found.get(id) ?? []]));
  }

  #earlierOf({ id }: HistoryProcess): readonly EarlierProgram[] {
    return this.#earlier.get(id) ?? [];
  }

  #processAt(pid: number): HistoryProcess | undefined {
    const at = nanoseconds(this.#at);
    return this.#byPid
      .get(pid)
      ?.find(({ startNs, endNs }) => startNs <= at && (endNs === null || endNs > at));
  }
}
