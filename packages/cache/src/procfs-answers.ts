/**
 * What a read of /proc says to the cache: the answer, that nobody has the pid, or nothing at all. Only a
 * missing /proc is an error; what may not or cannot be read is counted.
 */
import { entryControl } from './entry.ts';
import type { Slot } from './entry-table.ts';
import { ProcfsError } from './procfs/error.ts';
import { EXEC_IN_PROGRESS, type Procfs, type ProcProbe, type ProcStat } from './procfs/procfs.ts';
import type { StatsCounter } from './stats.ts';

/** Reads of stat that wait for an exec under way to be over: some 0.1 ms, longer than most take. */
const EXEC_IN_PROGRESS_READS = 32;

type Answer<T> = T | 'gone' | 'unknown';

export class ProcfsAnswers {
  readonly #procfs: Procfs;
  readonly #counter: StatsCounter;

  constructor(procfs: Procfs, counter: StatsCounter) {
    this.#procfs = procfs;
    this.#counter = counter;
  }

  /** Who has the pid of an entry now. */
  ownerOf(slot: Slot): Answer<ProcProbe> {
    const reader = entryControl.readerOf(slot.entry);
    return this.#ask(() => reader.probe());
  }

  /** Whether an entry's process has lost its pid: the check behind every prune. */
  lostOwner(slot: Slot): 'gone' | 'reuse' | undefined {
    const reader = entryControl.readerOf(slot.entry);
    const owner = this.#ask(() => reader.probe());
    if (owner === 'unknown') return undefined;
    if (owner === 'gone' || owner.ended) return 'gone';
    return reader.matchesProcess(owner) ? undefined : 'reuse';
  }

  /** Of whoever has the pid; an exec under way is waited for. */
  stat(pid: number): Answer<ProcStat> {
    let stat = this.#ask(() => this.#procfs.stat(pid));
    for (let reads = 1; isExecInProgress(stat) && reads < EXEC_IN_PROGRESS_READS; reads++) {
      stat = this.#ask(() => this.#procfs.stat(pid));
    }
    return stat;
  }

  #ask<T extends ProcProbe>(read: () => T): Answer<T> {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProcfsError) || error.code === 'no-procfs') throw error;
      if (error.code === 'gone') return 'gone';
      this.#counter.errors++;
      return 'unknown';
    }
  }
}

export function isExecInProgress(answer: Answer<ProcProbe>): boolean {
  return typeof answer === 'object' && answer.layoutFingerprint === EXEC_IN_PROGRESS;
}
