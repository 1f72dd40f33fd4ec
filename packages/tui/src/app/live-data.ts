/**
 * Everything that is known of the host, from events, samples and /proc; and the stillness in which none of it
 * changes while somebody reads.
 */

import type { ProcessEvent } from '@waggle/core';
import { BriefEvents, HeldEvents } from '@waggle/core/plugins/brief-events';
import type { Profile, ProfileStack } from '@waggle/formats';
import { EventLog } from '../model/event-log.ts';
import { type Measure, Measures } from '../model/measures.ts';
import { type ProcessFigures, ProcessTable } from '../model/process-table.ts';
import type { Samples } from '../model/samples.ts';
import type { HostFigures, HostMemory } from './header.ts';

export interface ProcessDescription {
  readonly argv: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly containerId: string | undefined;
  readonly cgroup: string | undefined;
}

export interface LiveDataOptions {
  readonly host: string;
  readonly cpus: number;
  readonly frequencyHz: number;
  readonly procfs: ProcessFigures;
  /** Of the kernel, for what /proc counts in pages. */
  readonly pageBytes: number;
  /** When the host started, in milliseconds since 1970. */
  readonly bootTimeMs: number;
  /** The third frame of each stack is its thread: it is left out until threads are to be seen apart. */
  readonly threadFrames?: boolean | undefined;
  /** Of the host, now: asked once a second. */
  memory?(): HostMemory | undefined;
  /** More than an event says of a process: its arguments, container and cgroup. */
  describe(pid: number): ProcessDescription | undefined;
}

/** Values that the two lines of bars remember. */
const HISTORY = 60;
/** Time of one value of execs a second. */
const COUNTED_SECONDS = 0.5;
/** What comes while everything is held still waits; more of it than that goes on. */
const MAX_HELD_EVENTS = 50_000;
const MAX_HELD_SAMPLES = 1200;
/** Some 30 µs each. */
const DESCRIBED_AT_ONCE = 500;
/** Behind the pid and the name. */
const THREAD_FRAME = 2;

export class LiveData {
  readonly measures: Measures;
  /** Threads of a process are told apart, from then on. */
  threadsApart = false;
  processes: ProcessTable;
  events = new EventLog();
  readonly #options: LiveDataOptions;
  #now: number;
  #version = 0;
  #described = 0;
  #held = false;
  readonly #heldEvents = new HeldEvents();
  #heldSamples: (() => void)[] = [];
  #execs = 0;
  #countedAt: number;
  #lostSamples = 0;
  #memory: HostMemory | undefined;
  #cpuHistory: number[] = [];
  #execHistory: number[] = [];

  constructor(options: LiveDataOptions, now: number) {
    this.#options = options;
    this.#now = now;
    this.#countedAt = now;
    this.measures = new Measures(now);
    this.processes = new ProcessTable(options.procfs, options.pageBytes);
  }

  /** Of Date.now(): of which moment all of it is. */
  get now(): number {
    return this.#now;
  }

  /** Grows with whatever is to be seen of it, but for the clock. */
  get version(): number {
    return this.#version;
  }

  /** Changes when more is known of processes that a filter asks about: it may pass whom it did not. */
  get described(): number {
    return this.#described;
  }

  /** Of what is shown: time on the CPU, or off it. */
  get samples(): Samples {
    return this.measures.samples;
  }

  get isHeld(): boolean {
    return this.#held;
  }

  /** Who runs already: everybody, or those that are asked for. */
  start(now: number, only?: readonly number[]): void {
    this.processes.walk(now, this.#options.bootTimeMs, only);
  }

  /** All of it as of another moment, from which on events and samples come: a replay went elsewhere. */
  restart(now: number): void {
    this.#version++;
    this.#now = now;
    this.#execs = 0;
    this.#countedAt = now;
    this.#lostSamples = 0;
    this.#cpuHistory = [];
    this.#execHistory = [];
    this.processes = new ProcessTable(this.#options.procfs, this.#options.pageBytes);
    this.events = new EventLog();
    this.samples.reset(now);
    this.start(now);
  }

  /** Nothing changes until `goOn`; what happens meanwhile is kept. */
  hold(): void {
    this.#held = true;
  }

  goOn(now: number): void {
    this.#version++;
    this.#held = false;
    const samples = this.#heldSamples;
    this.#heldSamples = [];
    this.#now = now;
    this.addBriefEvents(this.#heldEvents.take(), now);
    for (const add of samples) add();
  }

  /** @returns whether they could be kept: no longer held where they could not */
  addEvents(events: readonly ProcessEvent[], now: number): boolean {
    return this.addBriefEvents(BriefEvents.of(events), now);
  }

  /** As `addEvents`, and no objects are made of most of them. */
  addBriefEvents(events: BriefEvents, now: number): boolean {
    if (this.#held) {
      this.#heldEvents.add(events);
      if (this.#heldEvents.length <= MAX_HELD_EVENTS) return true;
      this.goOn(now);
      return false;
    }
    if (events.length > 0) this.#version++;
    for (let index = 0; index < events.length; index++) {
      if (events.kindAt(index) === 'exec') this.#execs++;
      const number = this.events.add(events, index);
      this.processes.add(events, index, now, number, this.events);
    }
    return true;
  }

  /** What was sampled until that moment, the pid as the first frame of each stack. */
  addSamples(profile: Profile, until: number, measure: Measure = 'cpu'): void {
    if (this.#held) {
      this.#heldSamples.push(() => this.addSamples(profile, until, measure));
      if (this.#heldSamples.length > MAX_HELD_SAMPLES) this.goOn(until);
      return;
    }
    if (profile.stacks.length > 0) this.#version++;
    this.measures.add(measure, this.#withoutThreads(profile.stacks), until);
    if (measure !== 'cpu') return;
    const { samples, lostSamples, durationSeconds } = profile.metadata;
    if (durationSeconds > 0)
      remember(this.#cpuHistory, (samples / this.#options.frequencyHz / durationSeconds) * 100);
    this.#lostSamples += lostSamples;
  }

  #withoutThreads(stacks: readonly ProfileStack[]): readonly ProfileStack[] {
    if (this.#options.threadFrames !== true || this.threadsApart) return stacks;
    return stacks.map(({ frames, count }) => ({
      frames: [...frames.slice(0, THREAD_FRAME), ...frames.slice(THREAD_FRAME + 1)],
      count,
    }));
  }

  /**
   * Some times a second: what changes without an event.
   *
   * @param shown processes that are on the screen: they are asked first
   * @param all more is to be known of all processes, as a filter asks it
   */
  tick(now: number, shown: readonly number[], all: boolean): void {
    if (this.#held) return;
    const seconds = (now - this.#countedAt) / 1000;
    if (seconds >= COUNTED_SECONDS) {
      remember(this.#execHistory, this.#execs / seconds);
      this.#execs = 0;
      this.#countedAt = now;
    }
    this.#now = now;
    if (this.processes.walkOn(now, this.#options.bootTimeMs)) this.#version++;
    if (this.processes.refresh(now, this.#options.bootTimeMs, shown)) {
      this.#memory = this.#options.memory?.();
      this.#version++;
    }
    for (const pid of shown) this.#describe(pid);
    if (!all || !this.#describeMore()) return;
    this.#described++;
    this.#version++;
  }

  figures(): HostFigures {
    return {
      host: this.#options.host,
      cpus: this.#options.cpus,
      cpuPercent: this.#cpuHistory,
      execs: this.#execHistory,
      processes: this.processes.size,
      memory: this.#memory,
      lostEvents: this.events.lost,
      lostSamples: this.#lostSamples,
    };
  }

  /** @returns whether more is known than before */
  #describeMore(): boolean {
    let asked = 0;
    let isMore = false;
    for (const row of this.processes.rows(this.#now)) {
      if (row.described || row.end !== undefined) continue;
      if (this.#describe(row.pid)) isMore = true;
      if (++asked >= DESCRIBED_AT_ONCE) break;
    }
    return isMore;
  }

  #describe(pid: number): boolean {
    const row = this.processes.row(pid);
    if (row === undefined || row.described || row.end !== undefined) return false;
    row.described = true;
    // Of most its events have said it all.
    if (row.argv !== undefined && row.uid !== undefined && row.cgroup !== undefined) return false;
    const known = this.#options.describe(pid);
    if (known === undefined) return false;
    row.argv ??= known.argv;
    row.uid ??= known.uid;
    row.containerId ??= known.containerId;
    row.cgroup ??= known.cgroup;
    return true;
  }
}

function remember(history: number[], value: number): void {
  history.push(value);
  if (history.length > HISTORY) history.shift();
}
