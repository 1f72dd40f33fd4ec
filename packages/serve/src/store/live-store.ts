/**
 * Everything that is kept of a host: events, processes, samples, activity. Bounded by age and size, fed with what
 * a session observes and collects, and asked by the HTTP API.
 */

import type { Procfs } from '@waggle/cache';
import type { BriefEvents } from '@waggle/core/plugins/brief-events';
import { BriefLines } from '@waggle/core/plugins/event-output';
import type { Profile } from '@waggle/formats';
import { turns } from '../turns.ts';
import { Activity, type ActivitySecond } from './activity.ts';
import { type EventLine, EventLines } from './event-lines.ts';
import { HIDDEN, hiddenArguments } from './hidden-arguments.ts';
import type {
  KeptActivity,
  KeptHost,
  KeptStatus,
  Scope,
  ShownProcess,
  ShownProcesses,
} from './kept-host.ts';
import type { ProcessRecord } from './process-record.ts';
import { type ProcessDescription, Processes, startOf } from './processes.ts';
import { Samples } from './samples.ts';
import type { Span } from './span.ts';

export interface LiveStoreOptions {
  readonly host: string;
  /** What is shown of it, in words. Default: all of it. */
  readonly target?: string | undefined;
  readonly frequencyHz: number;
  readonly procfs: Procfs;
  /** When the host started, in milliseconds since 1970. */
  readonly bootTimeMs: number;
  /** How long anything is kept. Default 15 minutes. */
  readonly keepMs?: number | undefined;
  /** Of events, and of samples: so much each. Default 48 MiB. */
  readonly maxBytes?: number | undefined;
  /** Processes that ended. Default 20,000. */
  readonly maxEnded?: number | undefined;
  /** Arguments are shown. Default: only the program, since they may hold secrets. */
  readonly reveal?: boolean | undefined;
  /** More than an event says of a process: its arguments, user, container and cgroup. */
  describe(pid: number): ProcessDescription | undefined;
}

export const DEFAULT_KEEP_MS = 15 * 60_000;
const DEFAULT_MAX_BYTES = 48 * 1024 * 1024;
const DEFAULT_MAX_ENDED = 20_000;
const FORGET_EVERY_MS = 5000;
/** Reads of /proc for one answer: some 30 µs each. */
const DESCRIBED_AT_ONCE = 300;

export class LiveStore implements KeptHost {
  readonly isRecorded = false;
  readonly events: EventLines;
  readonly processes: Processes;
  readonly samples: Samples;
  readonly activity: Activity;
  readonly keepMs: number;
  readonly startedAt: number;
  /** Events that the kernel made and nobody saw. */
  lostEvents = 0;
  readonly #options: LiveStoreOptions;
  readonly #lines: BriefLines;
  #forgottenAt = 0;

  constructor(options: LiveStoreOptions, now: number) {
    const { keepMs = DEFAULT_KEEP_MS, maxBytes = DEFAULT_MAX_BYTES } = options;
    this.#options = options;
    this.keepMs = keepMs;
    this.startedAt = now;
    this.events = new EventLines({ keepMs, maxBytes });
    this.samples = new Samples({ keepMs, maxBytes });
    this.activity = new Activity(keepMs);
    this.#lines = new BriefLines(options.reveal === true ? undefined : HIDDEN);
    this.processes = new Processes({
      procfs: options.procfs,
      keepMs,
      maxEnded: options.maxEnded ?? DEFAULT_MAX_ENDED,
      bootTimeMs: options.bootTimeMs,
      describe: (pid) => this.#describe(pid),
      shown: options.reveal === true ? (argv) => argv : hiddenArguments,
      giveTo: (heirs) => this.samples.giveTo(heirs),
    });
  }

  get host(): string {
    return this.#options.host;
  }

  get target(): string | undefined {
    return this.#options.target;
  }

  get frequencyHz(): number {
    return this.#options.frequencyHz;
  }

  get reveal(): boolean {
    return this.#options.reveal === true;
  }

  until(now: number): number {
    return now;
  }

  from(now: number): number {
    return Math.max(this.startedAt, now - this.keepMs);
  }

  status(now: number): KeptStatus {
    return {
      keepMs: this.keepMs,
      oldest: this.from(now),
      sampledUntil: this.samples.to ?? null,
      oldestEvent: this.events.from ?? null,
      events: this.events.last,
      lostEvents: this.lostEvents,
      processes: this.processes.liveCount,
    };
  }

  eventsOf(span: Span): Iterable<EventLine> {
    return this.events.newestOf(span);
  }

  addEvents(events: BriefEvents, now: number): void {
    for (let index = 0; index < events.length; index++) {
      const time = events.preciseMsAt(index);
      this.processes.add(events, index, time);
      this.events.add(this.#lines.line(events, index), time);
      this.#count(events, index, time);
    }
    this.activity.setProcesses(this.processes.liveCount, now);
    if (now - this.#forgottenAt > FORGET_EVERY_MS) this.#forget(now);
  }

  /** What was sampled in a span; the first frame of each stack is its process, as `PID:START`. */
  addProfile(profile: Profile, span: Span): void {
    const names = new Map<string, string>();
    for (const { frames } of profile.stacks) {
      const [owner, process] = frames;
      if (owner !== undefined && !names.has(owner.name)) names.set(owner.name, process?.name ?? '');
    }
    this.samples.add(profile, span, (name) =>
      this.processes.numberOf(name, names.get(name) ?? '', span.to),
    );
    const { samples, lostSamples } = profile.metadata;
    this.activity.addCpu(span, (samples / this.frequencyHz) * 1000, lostSamples);
    if (span.to - this.#forgottenAt > FORGET_EVERY_MS) this.#forget(span.to);
  }

  profile(span: Span, scope?: Scope): Profile & { readonly span: Span } {
    const { target } = scope ?? this.#options;
    const found = this.samples.between(span, scope && remembered((owner) => scope.has(owner)));
    return {
      span: found.span,
      stacks: found.stacks,
      metadata: {
        host: this.host,
        target,
        frequencyHz: this.frequencyHz,
        startTime: new Date(found.span.from),
        durationSeconds: found.seconds,
        samples: found.samples,
        lostSamples: found.lost,
      },
    };
  }

  scopeOf(pid: number, start: string | undefined): Scope | undefined {
    const { processes } = this;
    const found = start === undefined ? processes.byPid(pid) : processes.byName(pid, start);
    if (found === undefined) return undefined;
    const { number: root } = found;
    return {
      target: `process ${pid} and below`,
      has: (process) => processes.isBelow(process, root),
      hasEvent(eventPid, startTime) {
        const record = processes.byName(eventPid, startTime);
        return record !== undefined && processes.isBelow(record.number, root);
      },
    };
  }

  activityIn(span: Span, scope?: Scope): KeptActivity {
    const seconds =
      scope === undefined ? this.activity.in(span) : this.#activityOfScope(span, scope);
    return { step: 1, seconds, gaps: [] };
  }

  async processesIn(span: Span, scope: Scope | undefined, limit: number): Promise<ShownProcesses> {
    const pause = turns();
    const samples = this.samples.perOwner(span);
    const all = this.processes
      .in(span)
      .filter(({ number }) => scope === undefined || scope.has(number));
    const shown = mostWanted(all, samples, limit);
    let asked = 0;
    for (const record of shown) {
      if (!record.described && asked++ < DESCRIBED_AT_ONCE) this.processes.describe(record);
      await pause();
    }
    return {
      leftOut: all.length - shown.length,
      shown: shown.map((record) => shownProcess(record, samples.get(record.number) ?? 0)),
    };
  }

  /** As exact as what is kept of its processes. */
  #activityOfScope(span: Span, scope: Scope): ActivitySecond[] {
    const has = remembered((process) => scope.has(process));
    const scoped = new Activity(this.keepMs);
    for (const { second, processes: count } of this.activity.in(span))
      scoped.setProcesses(count, second * 1000);
    const slices = this.samples.over(span, has);
    for (const { from, to, samples } of slices)
      scoped.addCpu({ from, to }, (samples / this.frequencyHz) * 1000, 0);
    for (const record of this.processes.in(span)) {
      if (!has(record.number)) continue;
      if (record.bornAt >= span.from) scoped.count('execs', record.bornAt, record.execs);
      if (record.bornAt >= span.from) scoped.count('forks', record.bornAt);
      if (record.end === undefined) continue;
      scoped.count('exits', record.end.at);
      if (record.failed) scoped.count('failures', record.end.at);
    }
    return scoped.in(span);
  }

  #count(events: BriefEvents, index: number, time: number): void {
    switch (events.kindAt(index)) {
      case 'fork':
        this.activity.count('forks', time);
        return;
      case 'exec':
        this.activity.count('execs', time);
        return;
      case 'failed-exec':
        this.activity.count('failures', time);
        return;
      case 'exit': {
        const { exitCode, signal } = events.endAt(index);
        this.activity.count('exits', time);
        if (exitCode !== 0 || signal !== null) this.activity.count('failures', time);
        return;
      }
      case 'lost': {
        const lost = events.lostAt(index);
        this.lostEvents += lost;
        this.activity.count('lostEvents', time, lost);
      }
    }
  }

  #describe(pid: number): ProcessDescription | undefined {
    const known = this.#options.describe(pid);
    if (known?.argv === undefined || this.reveal) return known;
    return { ...known, argv: hiddenArguments(known.argv) };
  }

  #forget(now: number): void {
    this.#forgottenAt = now;
    this.events.forget(now);
    this.activity.forget(now);
    this.processes.forget(now);
  }
}

/** Those with samples, then those that run, then those that ended last. */
function mostWanted(
  all: readonly ProcessRecord[],
  samples: ReadonlyMap<number, number>,
  limit: number,
): ProcessRecord[] {
  if (all.length <= limit) return [...all];
  const byEnd = (a: ProcessRecord, b: ProcessRecord): number =>
    endOf(b) - endOf(a) || a.number - b.number;
  // Most have none: they are put in order without being looked up again and again.
  const [sampled, rest]: [ProcessRecord[], ProcessRecord[]] = [[], []];
  for (const each of all) (samples.has(each.number) ? sampled : rest).push(each);
  const countOf = ({ number }: ProcessRecord): number => samples.get(number) ?? 0;
  sampled.sort((a, b) => countOf(b) - countOf(a) || byEnd(a, b));
  if (sampled.length < limit) sampled.push(...rest.sort(byEnd).slice(0, limit - sampled.length));
  return sampled.slice(0, limit).sort((a, b) => a.number - b.number);
}

/** Who runs has none yet: larger than any, and of two no difference that is no number. */
const endOf = ({ end }: ProcessRecord): number => end?.at ?? Number.MAX_VALUE;

function shownProcess(record: ProcessRecord, samples: number): ShownProcess {
  const { number, parent, pid, ppid, comm, argv, uid, containerId, kernelThread } = record;
  const { bornAt, end, execs, forgottenBelow } = record;
  return {
    ...{ number, parent, pid, ppid, comm, argv, uid, containerId, kernelThread, samples },
    ...{ bornAt, end, execs, forgottenBelow, startTime: startOf(record) },
  };
}

/** Asked once for each. */
function remembered(answer: (number: number) => boolean): (number: number) => boolean {
  const known = new Map<number, boolean>();
  return (number) => {
    let found = known.get(number);
    if (found === undefined) {
      found = answer(number);
      known.set(number, found);
    }
    return found;
  };
}

/** What stands at the root of each stack that the store is given: the process, so that it can be told apart. */
export const ownerFrames = ({
  pid,
  startTime,
  comm,
}: {
  readonly pid: number;
  readonly startTime: bigint;
  readonly comm: string;
}): readonly string[] => [`${pid}:${startTime}`, comm];
