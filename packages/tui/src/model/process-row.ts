/** One process as the list shows it. */

import type { ProcStat } from '@waggle/cache';

/** How long what ended stays in the list, to be seen by people. */
export const LINGER_MS = 5000;

/** What programs ran with, by the events that say it, as long as these are known. */
export interface KnownPrograms {
  argvOf(event: number): readonly string[] | undefined;
}

/** After so long without an exec below it a process counts as quiet. */
const RATE_MS = 3000;

export class ProcessRow {
  comm = '';
  ppid = 0;
  uid: number | undefined;
  containerId: string | undefined;
  cgroup: string | undefined;
  kernelThread = false;
  threads = 1;
  rssBytes = 0;
  /** Of one CPU, by the kernel's accounting between the last two looks. */
  cpuPercent = 0;
  /** How it ended, and when by Date.now(); undefined while it runs. */
  end: { readonly at: number; readonly outcome: string; readonly failed: boolean } | undefined;
  /** Everything beyond pid and parent has been asked for. */
  described = false;
  pinned = false;

  #argv: readonly string[] | undefined;
  /** Number of the event that says what it runs, until somebody asks. */
  #event: number | undefined;
  #programs: KnownPrograms | undefined;
  #rate = 0;
  #ratedAt = 0;
  #ticks: number | undefined;
  #seenAt = 0;

  constructor(
    readonly pid: number,
    /** Milliseconds since 1970. */
    readonly bornAt: number,
  ) {}

  /** Arguments: others' text, and perhaps secrets. Undefined until they are known. */
  get argv(): readonly string[] | undefined {
    if (this.#event !== undefined) {
      this.#argv = this.#programs?.argvOf(this.#event);
      this.#event = undefined;
    }
    return this.#argv;
  }

  set argv(argv: readonly string[] | undefined) {
    this.#argv = argv;
    this.#event = undefined;
  }

  /** Whether somebody has looked at its arguments. */
  get hasArguments(): boolean {
    return this.#argv !== undefined;
  }

  /** It runs what that event says. */
  runs(event: number | undefined, programs: KnownPrograms): void {
    this.#argv = undefined;
    this.#event = event;
    this.#programs = programs;
    // Where the event is forgotten before somebody looks, others are asked.
    this.described = false;
  }

  /** A child runs what its parent does. */
  inherit(parent: ProcessRow): void {
    this.#argv = parent.#argv;
    this.#event = parent.#event;
    this.#programs = parent.#programs;
  }

  /** An exec of it or of a descendant. */
  countExec(now: number): void {
    this.#rate = this.execsPerSecond(now) + 1000 / RATE_MS;
    this.#ratedAt = now;
  }

  /** Execs a second of it and below it, as a mean that forgets in about three seconds. */
  execsPerSecond(now: number): number {
    return this.#rate * Math.exp((this.#ratedAt - now) / RATE_MS);
  }

  /** What /proc says now. */
  take(stat: ProcStat, now: number, ticksPerSecond: number, pageBytes: number): void {
    this.comm = stat.comm;
    this.ppid = stat.ppid;
    this.kernelThread = stat.kernelThread;
    this.threads = stat.numThreads;
    this.rssBytes = stat.rssPages * pageBytes;
    const ticks = stat.utimeTicks + stat.stimeTicks;
    const elapsed = (now - this.#seenAt) / 1000;
    if (this.#ticks !== undefined && elapsed > 0.05) {
      this.cpuPercent = Math.max(((ticks - this.#ticks) / ticksPerSecond / elapsed) * 100, 0);
    } else if (this.#ticks !== undefined) return;
    this.#ticks = ticks;
    this.#seenAt = now;
  }
}
