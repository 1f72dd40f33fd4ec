/**
 * A host as an agent's store has it: what is kept of days is read where somebody asks for it. It is over, unless an
 * agent writes it still: then its end moves on.
 */

import type { Profile } from '@waggle/formats';
import { type HistoryProcess, type StoreReader, toMs, toNs } from '@waggle/store';
import type { EventLine } from '../store/event-lines.ts';
import { hiddenArguments } from '../store/hidden-arguments.ts';
import type {
  KeptActivity,
  KeptHost,
  KeptStatus,
  Scope,
  ShownProcess,
  ShownProcesses,
} from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { turns } from '../turns.ts';
import { RecordedActivity } from './recorded-activity.ts';
import { RecordedEvents } from './recorded-events.ts';
import { RecordedProcesses, WINDOW_MS } from './recorded-processes.ts';
import { RecordedSamples } from './recorded-samples.ts';
import { numberOf } from './store-problem.ts';
import { windowsBackOf } from './windows.ts';

export interface RecordedHostOptions {
  readonly reader: StoreReader;
  readonly host: string;
  /** Arguments are shown as the store has them. */
  readonly reveal: boolean;
}

/** Processes that are looked at for a list of some of them. */
const MAX_LOOKED_AT = 100_000;
/** How long what is kept is taken to be the same. */
const LOOK_MS = 1000;
/** Of kernel threads the parent, and itself. */
const KTHREADD = 2;

export class RecordedHost implements KeptHost {
  readonly isRecorded = true;
  readonly frequencyHz: number;
  readonly #options: RecordedHostOptions;
  readonly #processes: RecordedProcesses;
  readonly #samples: RecordedSamples;
  readonly #events: RecordedEvents;
  readonly #activity: RecordedActivity;
  #kept: Span;
  #lookedAt: number;

  /** @throws RangeError for a store that has nothing */
  constructor(options: RecordedHostOptions) {
    const { reader, reveal } = options;
    this.#options = options;
    this.#processes = new RecordedProcesses(reader);
    this.#samples = new RecordedSamples(reader, this.#processes);
    this.#events = new RecordedEvents(reader, this.#processes, reveal);
    this.#activity = new RecordedActivity(reader, this.#processes, this.#samples);
    const kept = keptOf(reader);
    if (kept === undefined) throw new RangeError('the store has nothing in it yet');
    this.#kept = kept;
    this.#lookedAt = performance.now();
    const newest = 'SELECT frequencyHz AS value FROM profile ORDER BY toNs DESC LIMIT 1';
    this.frequencyHz = firstValue(reader, newest) ?? 1;
  }

  get host(): string {
    return this.#options.host;
  }

  get reveal(): boolean {
    return this.#options.reveal;
  }

  until(): number {
    return this.#span().to;
  }

  from(): number {
    return this.#span().from;
  }

  status(): KeptStatus {
    const { reader } = this.#options;
    const { from, to } = this.#span();
    const alive = 'SELECT count(*) AS value FROM process WHERE endNs IS NULL';
    return {
      keepMs: to - from,
      oldest: from,
      sampledUntil: to,
      oldestEvent: from,
      events: 0,
      lostEvents: firstValue(reader, 'SELECT sum(count) AS value FROM loss') ?? 0,
      processes: firstValue(reader, alive) ?? 0,
    };
  }

  eventsOf(span: Span): Iterable<EventLine> {
    return this.#events.of(span);
  }

  scopeOf(pid: number, start: string | undefined, span: Span): Scope | undefined {
    return this.#processes.scopeOf(pid, start, span);
  }

  activityIn(span: Span, scope?: Scope): Promise<KeptActivity> {
    return this.#activity.in(span, scope);
  }

  profile(span: Span, scope?: Scope): Promise<Profile> {
    return this.#samples.profile(span, scope, this.host);
  }

  async processesIn(span: Span, scope: Scope | undefined, limit: number): Promise<ShownProcesses> {
    const samples = await this.#samples.perProcess(span, scope);
    const { ids, count } = await this.#there(span, scope);
    for (const id of samples.keys()) ids.add(id);
    const worth = (id: number): number => samples.get(id) ?? 0;
    // Later rows were born later.
    const wanted = [...ids].sort((a, b) => worth(b) - worth(a) || b - a).slice(0, limit);
    const rows = this.#options.reader.processes(wanted.sort((a, b) => a - b));
    return {
      leftOut: Math.max(0, count - rows.length),
      shown: rows.map((row) => this.#shown(row, worth(row.id), span)),
    };
  }

  /** The newest of those who were there, and how many there were. */
  async #there(span: Span, scope: Scope | undefined) {
    const ids = new Set<number>();
    const pause = turns();
    for (const window of windowsBackOf(this.#options.reader, span, () => WINDOW_MS)) {
      if (ids.size >= MAX_LOOKED_AT) break;
      for (const { id } of this.#processes.in(window))
        if (scope === undefined || scope.has(id)) ids.add(id);
      await pause();
    }
    if (ids.size < MAX_LOOKED_AT || scope !== undefined) return { ids, count: ids.size };
    const born = `SELECT count(*) AS value FROM process WHERE startNs > ${toNs(span.from)} AND startNs <= ${toNs(span.to)}`;
    return { ids, count: Math.max(ids.size, firstValue(this.#options.reader, born) ?? 0) };
  }

  #shown(row: HistoryProcess, samples: number, span: Span): ShownProcess {
    const { id, parent, pid, ppid, comm, argv, uid, containerId, execs } = row;
    const endAt = row.endNs === null ? undefined : toMs(row.endNs);
    return {
      ...{ number: id, parent: parent ?? 0, pid, ppid: ppid ?? 0, comm, execs, samples },
      argv: argv === null || this.reveal ? (argv ?? undefined) : hiddenArguments(argv),
      uid: uid ?? undefined,
      containerId: containerId ?? undefined,
      kernelThread: pid === KTHREADD || ppid === KTHREADD,
      startTime: String(row.startTime),
      bornAt: toMs(row.startNs),
      end:
        endAt === undefined || endAt > span.to
          ? undefined
          : { at: endAt, exitCode: row.exitCode ?? undefined, signal: row.signal },
      forgottenBelow: 0,
    };
  }

  #span(): Span {
    if (performance.now() - this.#lookedAt > LOOK_MS) {
      this.#lookedAt = performance.now();
      this.#kept = keptOf(this.#options.reader) ?? this.#kept;
    }
    return this.#kept;
  }
}

/** From when an agent looked: processes may have begun long before. */
function keptOf(reader: StoreReader): Span | undefined {
  const { kept } = reader;
  if (kept === undefined) return undefined;
  const looked = [
    firstValue(reader, 'SELECT min(timeNs) / 1000000 AS value FROM host'),
    firstValue(reader, 'SELECT fromNs / 1000000 AS value FROM profile ORDER BY toNs LIMIT 1'),
  ].filter((each) => each !== undefined);
  const to = toMs(kept.toNs);
  const from = looked.length === 0 ? toMs(kept.fromNs) : Math.min(...looked);
  return { from: Math.min(from, to - 1), to };
}

/** The `value` of the only row; undefined where there is none. @throws StoreError `foreign` */
function firstValue(reader: StoreReader, question: string): number | undefined {
  for (const { value } of reader.sql(question))
    return value === null ? undefined : numberOf(value, question);
  return undefined;
}
