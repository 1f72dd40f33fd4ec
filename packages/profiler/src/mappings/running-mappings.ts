/**
 * Executable mappings of processes that run already, from their /proc/PID/maps. Most take the time of a
 * system call or two, but anybody can have 65,530 mappings with paths of 4 KiB, for which the kernel takes
 * seconds: so a process is read for a moment, and what there is more of it in the rounds that come.
 */

import { type MapsEntry, type Procfs, ProcfsError } from '@waggle/cache';
import type { NewMapping } from './image-mappings.ts';
import { executableMappings } from './proc-maps.ts';

/** For one process at once, in ms: a browser's takes a tenth of it. */
const PATIENCE_MS = 50;
/** When so much went into those that took longer, each gets but this. */
const TAKEN_MS = 1000;
const LESS_PATIENCE_MS = 5;
/** For all that are not read to their end, in one round. */
const ROUND_MS = 10;
/** Each is a descriptor. The others are read as far as there was time for. */
const MAX_UNFINISHED = 64;

type Reading = Generator<readonly MapsEntry[], readonly MapsEntry[]>;

/** What may be read of a process with a deadline, by performance.now(). */
interface Part {
  readonly entries: readonly MapsEntry[];
  readonly isAll: boolean;
}

export class RunningMappings implements Disposable {
  /** By pid. */
  readonly #unfinished = new Map<number, Reading>();
  #taken = 0;

  readonly #procfs: Pick<Procfs, 'mapsByParts'>;
  readonly #finished: (pid: number, mappings: readonly NewMapping[]) => void;
  readonly #patienceMs: number;

  /** @param finished told of all that a process had mapped, where read() could not say it */
  constructor(
    procfs: Pick<Procfs, 'mapsByParts'>,
    finished: (pid: number, mappings: readonly NewMapping[]) => void,
    patienceMs = PATIENCE_MS,
  ) {
    this.#procfs = procfs;
    this.#finished = finished;
    this.#patienceMs = patienceMs;
  }

  /** What there is time for. Empty when the process is gone, not ours to read, or being read. */
  read(pid: number): NewMapping[] {
    if (this.#unfinished.has(pid)) return [];
    const reading = this.#procfs.mapsByParts(pid, 'code');
    const startedAt = performance.now();
    const patience =
      this.#taken < TAKEN_MS ? this.#patienceMs : Math.min(LESS_PATIENCE_MS, this.#patienceMs);
    const { entries, isAll } = readUntil(reading, startedAt + patience);
    if (!isAll) {
      this.#taken += performance.now() - startedAt;
      if (this.#unfinished.size < MAX_UNFINISHED) this.#unfinished.set(pid, reading);
      else reading.return([]);
    }
    return executableMappings(entries);
  }

  /** Goes on with those that are not read to their end. */
  readOn(): void {
    const deadline = performance.now() + ROUND_MS;
    for (const [pid, reading] of this.#unfinished) {
      const { entries, isAll } = readUntil(reading, deadline);
      if (!isAll) return;
      this.#unfinished.delete(pid);
      this.#finished(pid, executableMappings(entries));
    }
  }

  /** It has ended. */
  forget(pid: number): void {
    this.#unfinished.get(pid)?.return([]);
    this.#unfinished.delete(pid);
  }

  [Symbol.dispose](): void {
    for (const pid of [...this.#unfinished.keys()]) this.forget(pid);
  }
}

function readUntil(reading: Reading, deadline: number): Part {
  try {
    for (;;) {
      const { done, value } = reading.next();
      if (done === true || performance.now() > deadline)
        return { entries: value, isAll: done === true };
    }
  } catch (error) {
    if (error instanceof ProcfsError) return { entries: [], isAll: true };
    throw error;
  }
}
