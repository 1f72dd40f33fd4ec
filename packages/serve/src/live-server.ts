/**
 * A host live over HTTP, as one thing that is fed: with the events that a session observes, and with the profiles
 * that it collects when it is asked.
 */

import type { Procfs } from '@waggle/cache';
import type { ProcessEvent } from '@waggle/core';
import { BriefEvents } from '@waggle/core/plugins/brief-events';
import type { Profile } from '@waggle/formats';
import { Cycles } from './cycles.ts';
import { HostMetrics } from './metrics/host-metrics.ts';
import { type RunningServer, startServer } from './server/server.ts';
import { LiveStore } from './store/live-store.ts';
import type { ProcessDescription } from './store/processes.ts';
import type { Span } from './store/span.ts';

export interface LiveServerOptions {
  /** An address of this host, or `localhost`. */
  readonly hostname: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** What everybody needs who asks: long, and random. */
  readonly token: string;
  /** Names without port under which it may be asked for besides its address: a proxy's. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** What the page calls this host. */
  readonly host: string;
  /** What is shown of it, in words: `process 1234`. Default: all of it. */
  readonly target?: string | undefined;
  readonly version: string;
  readonly cpus: number;
  /** Samples a second on each CPU. */
  readonly frequencyHz: number;
  readonly procfs: Procfs;
  /** When the host started, in milliseconds since 1970. */
  readonly bootTimeMs: number;
  /** How long anything is kept, in milliseconds. Default 15 minutes. */
  readonly keepMs?: number | undefined;
  /** Whole arguments are shown. Default: only the program, since they may hold secrets. */
  readonly reveal?: boolean | undefined;
  /** Who runs already: default everybody. */
  readonly pids?: readonly number[] | undefined;
  /** More than events say of a process. */
  describe(pid: number): ProcessDescription | undefined;
  /** How often it is collected where nobody asks for it, in milliseconds. Default: each second. */
  readonly collectEveryMs?: number | undefined;
  /** The profile since the last call; the first frame of each stack is of `ownerFrames`. */
  collect(): Promise<Profile>;
  /** What went wrong here, and is no mistake of who asked. */
  failed(error: unknown): void;
}

export class LiveServer implements AsyncDisposable {
  readonly #store: LiveStore;
  readonly #metrics: HostMetrics;
  readonly #cycles: Cycles;
  readonly #server: RunningServer;

  /**
   * Listens from then on.
   *
   * @throws NodeJS.ErrnoException with the code EADDRINUSE, EADDRNOTAVAIL or EACCES where it cannot.
   */
  constructor(options: LiveServerOptions) {
    const now = Date.now();
    this.#metrics = new HostMetrics(options.frequencyHz);
    this.#store = new LiveStore(options, now);
    this.#store.processes.walk(options.pids);
    this.#cycles = new Cycles({
      collect: options.collect,
      take: (profile, span) => this.#takeProfile(profile, span),
      failed: options.failed,
      everyMs: options.collectEveryMs,
    });
    try {
      this.#server = startServer({
        ...options,
        store: this.#store,
        live: { store: this.#store, metrics: this.#metrics, cycles: this.#cycles },
      });
    } catch (error) {
      this.#cycles[Symbol.dispose]();
      throw error;
    }
  }

  /** What a person opens: it has the token, behind a `#`, which browsers do not send. */
  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  /** As a session observes them, in their order. */
  addEvents(events: readonly ProcessEvent[]): void {
    this.addBriefEvents(BriefEvents.of(events));
  }

  /** As `addEvents`, from the plugin `briefEvents`: no objects are made of most of them. */
  addBriefEvents(events: BriefEvents): void {
    this.#store.addEvents(events, Date.now());
    this.#metrics.addEvents(events);
    this.#server.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cycles[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  #takeProfile(profile: Profile, span: Span): void {
    this.#store.addProfile(profile, span);
    this.#server.wake();
    this.#metrics.addSamples(this.#samplesByContainer(span), profile.metadata.lostSamples);
  }

  /** Of the newest cycle. */
  #samplesByContainer(span: Span): Map<string | undefined, number> {
    const sums = new Map<string | undefined, number>();
    for (const [owner, samples] of this.#store.samples.perOwner(span)) {
      const record = this.#store.processes.byNumber(owner);
      // Of whom an event has told it is known. Asking about one costs what all that have just ended do.
      if (record !== undefined && record.cgroup === undefined)
        this.#store.processes.describe(record);
      sums.set(record?.containerId, (sums.get(record?.containerId) ?? 0) + samples);
    }
    return sums;
  }
}
