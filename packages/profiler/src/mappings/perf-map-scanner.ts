/**
 * Scans perf maps for the addresses that were sampled, in a thread of its own: a map may have hundreds of
 * megabytes, and is written by whoever is watched. One part of one map after the other, those of small
 * files first; a map that took long is left alone for longer, until the end, when everything is due.
 */

import type { PerfMapScan, SampledPerfMap, ScannedPerfMap } from '@waggle/symbols';

/** Of a CPU: one part in so many is for the scans of a map while sampling. */
const REST = 20;
/** For what is due at the end, in ms. */
const LAST_MS = 10_000;
/** For one part, which takes a tenth of a second: its file system may not answer. */
const PART_MS = 5000;

/** Does scans elsewhere. */
export interface PerfMapReader extends Disposable {
  /** Undefined where it was left out. Rejects when the file cannot be read. */
  scan(fd: number, scan: PerfMapScan, maxMs: number): Promise<ScannedPerfMap | undefined>;
  /** Leaves out what is being scanned, and everything from now on. */
  end(): void;
}

/** A map, and whether nothing is sampled of it any more. */
export interface MapToScan {
  readonly map: SampledPerfMap;
  readonly isLast: boolean;
}

export class PerfMapScanner implements Disposable {
  #running: Promise<void> | undefined;
  #ended = false;
  /** When a map that took long is due again. */
  readonly #restUntil = new WeakMap<SampledPerfMap, number>();
  readonly #spent = new WeakMap<SampledPerfMap, number>();

  readonly #reader: PerfMapReader;
  readonly #maps: () => Iterable<MapToScan>;

  constructor(reader: PerfMapReader, maps: () => Iterable<MapToScan>) {
    this.#reader = reader;
    this.#maps = maps;
  }

  /** To be called often: scans what is due, if nothing is being scanned. */
  keep(): void {
    if (this.#running !== undefined || this.#next(false) === undefined) return;
    this.#running = this.#scanAll(false, Number.POSITIVE_INFINITY).finally(() => {
      this.#running = undefined;
    });
  }

  /** Scans everything that there is to scan, if there is time for it. */
  async finish(ms = LAST_MS): Promise<void> {
    const deadline = performance.now() + ms;
    await this.#running;
    await this.#scanAll(true, deadline);
  }

  /** Scans nothing any more. */
  end(): void {
    this.#ended = true;
    this.#reader.end();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#reader[Symbol.dispose]();
  }

  async #scanAll(isAtLast: boolean, deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      const map = this.#next(isAtLast);
      if (map === undefined) return;
      await this.#scan(map, Math.min(PART_MS, deadline - performance.now()));
    }
  }

  /** The smallest that is due. */
  #next(isAtLast: boolean): SampledPerfMap | undefined {
    if (this.#ended) return undefined;
    let best: SampledPerfMap | undefined;
    for (const { map, isLast } of this.#maps()) {
      if (!map.isBehind || map.isScanning || (best !== undefined && best.size <= map.size))
        continue;
      if (isAtLast || isLast || (this.#restUntil.get(map) ?? 0) <= performance.now()) best = map;
    }
    return best;
  }

  async #scan(map: SampledPerfMap, maxMs: number): Promise<void> {
    const { fd } = map;
    const scan = map.nextScan();
    if (fd === undefined || scan === undefined) return;
    const startedAt = performance.now();
    // It cannot be read, as in a container whose file system was a process that ended with it.
    const scanned = await this.#reader.scan(fd, scan, maxMs).catch(() => undefined);
    map.take(scan, scanned);
    this.#rest(map, performance.now() - startedAt);
  }

  /** After the last part. */
  #rest(map: SampledPerfMap, ms: number): void {
    const spent = (this.#spent.get(map) ?? 0) + ms;
    this.#spent.set(map, map.isBehind ? spent : 0);
    if (!map.isBehind) this.#restUntil.set(map, performance.now() + REST * spent);
  }
}
