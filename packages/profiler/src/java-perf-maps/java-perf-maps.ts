/**
 * Perf maps of the Java processes that are sampled, for who has asked for them: HotSpot writes one when it is told to
 * (Compiler.perfmap of jcmd, since Java 17), of the code that it has then. So each is told once it was sampled, again in
 * pauses that grow, since code comes and a program may end at any time, and once more when the recording ends.
 */

import { type MapsEntry, type Procfs, ProcfsError } from '@waggle/cache';
import type { Native } from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols';
import { AttachError, JavaAttach } from './attach.ts';

const LOOK_MS = 250;
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 16_000;
/** Mappings of one process: anybody may have 65,530 of them. */
const MAPS_MS = 50;
/** Of processes at once: what else is sampled is looked at when one of them has ended. */
const MAX_PROCESSES = 4096;
/** For all of them when the recording ends. */
const LAST_MS = 15_000;
/** Each a line for a person. */
const MAX_PROBLEMS = 8;

interface Sampled {
  dueAt: number;
  pauseMs: number;
}

/** What came of it. */
export interface JavaPerfMapCounts {
  /** Processes that have written a map. */
  readonly written: number;
  /** In words, each of one process: at most eight. */
  readonly problems: readonly string[];
}

export class JavaPerfMaps implements Disposable {
  readonly #procfs: Pick<Procfs, 'mapsByParts' | 'status'>;
  readonly #attach: Pick<JavaAttach, 'command'>;
  readonly #sampled = new Map<number, Sampled>();
  readonly #written = new Set<number>();
  /** Processes that refused once are not asked again: SIGQUIT makes one that does not listen print all its stacks. */
  readonly #refused = new Set<number>();
  /** By process; a line each. */
  readonly #problems = new Map<number, string>();
  readonly #timer: ReturnType<typeof setInterval>;
  #asking: Promise<void> = Promise.resolve();
  #isAsking = false;
  #isOver = false;

  constructor(
    native: Native,
    procfs: Pick<Procfs, 'mapsByParts' | 'status'>,
    attach: Pick<JavaAttach, 'command'> = new JavaAttach(native, procfs),
  ) {
    this.#procfs = procfs;
    this.#attach = attach;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** A process was sampled. */
  sampled(pid: number): void {
    if (this.#sampled.has(pid) || this.#sampled.size >= MAX_PROCESSES) return;
    this.#sampled.set(pid, { dueAt: 0, pauseMs: FIRST_PAUSE_MS });
  }

  /** It has ended, or runs another program now. */
  forget(pid: number): void {
    this.#sampled.delete(pid);
    this.#refused.delete(pid);
  }

  get counts(): JavaPerfMapCounts {
    return { written: this.#written.size, problems: [...this.#problems.values()] };
  }

  /** Settles when all that are there have written what they have now, or there was no more time for it. */
  async askAtLast(): Promise<void> {
    this[Symbol.dispose]();
    const deadline = performance.now() + LAST_MS;
    await this.#asking;
    for (const pid of [...this.#sampled.keys()]) {
      if (performance.now() > deadline) return;
      await this.#ask(pid);
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#asking = this.#askDue().finally(() => {
      this.#isAsking = false;
    });
  }

  async #askDue(): Promise<void> {
    for (const [pid, process] of this.#sampled) {
      if (this.#isOver) return;
      if (process.dueAt > performance.now()) continue;
      await this.#ask(pid);
      process.dueAt = performance.now() + process.pauseMs;
      process.pauseMs = Math.min(2 * process.pauseMs, LAST_PAUSE_MS);
    }
  }

  async #ask(pid: number): Promise<void> {
    const isJava = () => this.#isJava(pid);
    if (this.#refused.has(pid) || !isJava()) return;
    try {
      await this.#attach.command(pid, 'Compiler.perfmap', isJava);
      this.#written.add(pid);
      this.#problems.delete(pid);
    } catch (error) {
      if (error instanceof AttachError && error.code === 'gone') return;
      if (!(error instanceof AttachError || isSystemError(error))) throw error;
      // One that has just begun may be ready later.
      if (error.code !== 'not_ready') this.#refused.add(pid);
      if (this.#problems.size < MAX_PROBLEMS || this.#problems.has(pid))
        this.#problems.set(pid, `Java process ${pid} has no new perf map: it ${wordsOf(error)}`);
    }
  }

  /** By what it has mapped, as far as there is time to look. */
  #isJava(pid: number): boolean {
    const deadline = performance.now() + MAPS_MS;
    const isLibrary = ({ path, permissions }: MapsEntry) =>
      permissions.includes('x') && path.endsWith('/libjvm.so');
    try {
      const reading = this.#procfs.mapsByParts(pid, 'code');
      for (;;) {
        const { done, value } = reading.next();
        if (value.some(isLibrary)) return true;
        if (done === true) return false;
        if (performance.now() > deadline) {
          reading.return([]);
          return false;
        }
      }
    } catch (error) {
      if (error instanceof ProcfsError) return false;
      throw error;
    }
  }
}

function wordsOf(error: Error): string {
  return error instanceof AttachError ? error.message : `could not be asked: ${error.message}`;
}
