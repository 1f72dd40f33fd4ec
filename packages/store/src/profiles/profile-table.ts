/** Profiles by span. Frames and stacks are stored once, for all spans. */

import type { Database } from 'bun:sqlite';
import type { Profile, ProfileFrame } from '@waggle/formats';
import { Interned } from '../interned/interned.ts';
import { toNs } from '../nanoseconds.ts';
import { type ProfileEntry, packEntries } from './entries.ts';

/** A span of time, in ms since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export class ProfileTable {
  readonly #frames: Interned;
  readonly #stacks: Interned;
  readonly #insert: ReturnType<Database['prepare']>;

  /** @param now in ms since 1970 */
  constructor(database: Database, now: () => number) {
    const frame = { name: 'frame', columns: ['name', 'kind', 'object'] };
    this.#frames = new Interned(database, frame, now);
    this.#stacks = new Interned(database, { name: 'stack', columns: ['frames'] }, now);
    this.#insert = database.prepare(
      'INSERT INTO profile (fromNs, toNs, frequencyHz, samples, lost, entries) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  /** @param profile the first frame of each stack names its process as `PID:START`, as `ownerFrames` gives it */
  write({ stacks, metadata }: Profile, span: Span): void {
    const counts = new Map<string, ProfileEntry>();
    for (const { frames, count } of stacks) {
      const [owner, ...rest] = frames;
      const [, pid, start] = /^(\d+):(\d+)$/.exec(owner?.name ?? '') ?? [];
      if (pid === undefined || start === undefined) continue;
      const stack = this.#stackOf(rest);
      const key = `${pid}:${start}:${stack}`;
      const known = counts.get(key);
      const entry = { pid: Number(pid), startTime: BigInt(start), stack };
      counts.set(key, { ...entry, count: count + (known?.count ?? 0) });
    }
    const { frequencyHz, samples, lostSamples } = metadata;
    const [from, to] = [toNs(span.from), toNs(span.to)];
    this.#insert.run(
      from,
      to,
      frequencyHz,
      samples,
      lostSamples,
      packEntries([...counts.values()]),
    );
  }

  /** See Interned. */
  forget(): void {
    this.#frames.forget();
    this.#stacks.forget();
  }

  #stackOf(frames: readonly ProfileFrame[]): number {
    const ids = frames.map((frame) => this.#frameOf(frame));
    const key = ids.join();
    return Number(this.#stacks.idOf(key, [new TextEncoder().encode(key)]));
  }

  #frameOf({ name, kind, object }: ProfileFrame): bigint {
    return this.#frames.idOf(`${kind}\0${object ?? ''}\0${name}`, [name, kind, object ?? null]);
  }
}
