// Names of code that a runtime generates: perf-PID.map of the processes that write one (Node with
// --perf-basic-prof, JVMs, Mono, ...), or the jitdump that it has mapped (Bun with BUN_JSC_useJITDump).
// Opened while the process lives, at the first sample in memory that no file is behind; the open file
// is read to its end when names are wanted, also after that.

import { isJitDump, JitDump, PerfMap, type SymbolHit } from '@waggle/symbols';

/** Each holds a descriptor. */
const MAX_OPEN_MAPS = 64;
/** A runtime makes its file with its first code, so it may not be there at the first sample. */
const RETRY_MS = 200;

export interface JitImage {
  readonly pid: number;
  readonly startTime: bigint;
  readonly execId: bigint | number;
}

export interface JitMap {
  readonly key: string;
  lookup(address: number): SymbolHit | undefined;
}

interface KnownMap {
  map: PerfMap | JitDump | undefined;
  lookedAt: number;
  used: boolean;
}

export class JitMaps implements Disposable {
  private readonly known = new Map<string, KnownMap & JitMap>();
  private open = 0;

  /**
   * The map of a program image, if it has one.
   * @param dump gives the open file of a jitdump, if the image has mapped one
   */
  of({ pid, startTime, execId }: JitImage, dump: () => number | undefined): JitMap | undefined {
    const key = `${pid} ${startTime} ${execId}`;
    let known = this.known.get(key);
    if (known === undefined) {
      const created: KnownMap & JitMap = {
        key,
        map: undefined,
        lookedAt: Number.NEGATIVE_INFINITY,
        used: true,
        lookup: (address) => created.map?.lookup(address),
      };
      known = created;
      this.known.set(key, known);
    }
    known.used = true;
    const now = performance.now();
    if (known.map === undefined && this.open < MAX_OPEN_MAPS && now - known.lookedAt > RETRY_MS) {
      known.lookedAt = now;
      known.map = whereItAnswers(() => PerfMap.forProcess(pid) ?? openDump(dump()));
      if (known.map !== undefined) this.open++;
    }
    return known.map === undefined ? undefined : known;
  }

  /**
   * Reads what was written since. An image that had no map is looked at again, however short a time ago
   * it was: a runtime writes the first of it late, and this may be the last time.
   */
  refresh(): void {
    for (const known of this.known.values()) {
      if (known.map === undefined) known.lookedAt = Number.NEGATIVE_INFINITY;
      else whereItAnswers(() => known.map?.refresh());
    }
  }

  /** Lets go of images that were not sampled since the last call; frames of theirs keep their names. */
  forgetUnused(): void {
    for (const [key, known] of this.known) {
      if (known.used) {
        known.used = false;
        continue;
      }
      this.known.delete(key);
      this.close(known);
    }
  }

  [Symbol.dispose](): void {
    for (const known of this.known.values()) this.close(known);
    this.known.clear();
  }

  private close(known: KnownMap): void {
    if (known.map === undefined) return;
    known.map.close();
    this.open--;
  }
}

function openDump(fd: number | undefined): JitDump | undefined {
  if (fd === undefined || !isJitDump(fd)) return undefined;
  const map = new JitDump(fd);
  map.refresh();
  return map;
}

/**
 * undefined when the file cannot be read, as in a container whose file system was a process that ended
 * with it (FUSE). What was read before still answers.
 */
function whereItAnswers<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}
