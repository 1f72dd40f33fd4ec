/**
 * Who is who in a store. A pid alone is nobody: (pid, start) is, and its row is its number. Read window by window,
 * since a store may have millions; what is remembered of them is bounded, and read again where it is gone.
 */

import { type ProcessSpan, type StoreReader, toNs } from '@waggle/store';
import type { Scope } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { spanInNs } from './span-in-ns.ts';
import { windowsBackOf } from './windows.ts';

/** Of a time that is read at once: a storm of a thousand processes a second has 600,000 in it. */
export const WINDOW_MS = 600_000;
/** A part of a profile belongs to one window and may begin before it. */
const PART_MS = 60_000;
/** /proc counts hundredths of a second; and what rounding takes. */
const COARSE_NS = 11_000_000n;
const MAX_REMEMBERED = 200_000;
/** Families are followed so far up: a bound for loops, not for people. */
const MAX_ANCESTORS = 64;
/** A clock that is set, or slewed for weeks. */
const CLOCK_MS = 10_000;

/** Of one window: by pid and start. */
export class Names {
  readonly #byPid = new Map<number, ProcessSpan[]>();

  constructor(identities: readonly ProcessSpan[]) {
    for (const each of identities) {
      const known = this.#byPid.get(each.pid);
      if (known === undefined) this.#byPid.set(each.pid, [each]);
      else known.push(each);
    }
  }

  find(pid: number, startTime: bigint): ProcessSpan | undefined {
    const all = this.#byPid.get(pid);
    return (
      all?.find((each) => each.startTime === startTime) ??
      all?.find((each) => distance(each.startTime, startTime) < COARSE_NS)
    );
  }

  last(pid: number): ProcessSpan | undefined {
    return this.#byPid.get(pid)?.at(-1);
  }
}

export class RecordedProcesses {
  readonly #reader: StoreReader;
  #parents = new Map<number, number>();
  #numbers = new Map<string, number>();

  constructor(reader: StoreReader) {
    this.#reader = reader;
  }

  /** Who was there. */
  in(window: Span): readonly ProcessSpan[] {
    const found = this.#reader.identities(spanInNs(window));
    this.remember(found);
    return found;
  }

  /** Those whom a part of a profile in the window may be about. */
  namesIn({ from, to }: Span): Names {
    return new Names(this.in({ from: from - PART_MS, to: to + PART_MS }));
  }

  remember(identities: readonly ProcessSpan[]): void {
    if (this.#parents.size > MAX_REMEMBERED) this.#parents = new Map();
    if (this.#numbers.size > MAX_REMEMBERED) this.#numbers = new Map();
    for (const { id, parent, pid, startTime } of identities) {
      this.#parents.set(id, parent ?? 0);
      this.#numbers.set(`${pid}:${startTime}`, id);
    }
  }

  /** @param start as text; the one that had the pid last in the span without it */
  scopeOf(pid: number, start: string | undefined, span: Span): Scope | undefined {
    const root = this.#numberOf(pid, start, span);
    if (root === undefined) return undefined;
    let known = new Map<number, boolean>();
    const has = (number: number): boolean => {
      let isBelow = known.get(number);
      if (isBelow === undefined) {
        if (known.size > MAX_REMEMBERED) known = new Map();
        isBelow = this.#isBelow(number, root);
        known.set(number, isBelow);
      }
      return isBelow;
    };
    return {
      target: `process ${pid} and below`,
      has,
      hasEvent: (eventPid, startTime) => {
        const number = this.#numbers.get(`${eventPid}:${startTime}`);
        return number !== undefined && has(number);
      },
    };
  }

  #isBelow(number: number, root: number): boolean {
    let at = number;
    for (let step = 0; step < MAX_ANCESTORS && at !== 0; step++) {
      if (at === root) return true;
      at = this.#parentOf(at);
    }
    return false;
  }

  #parentOf(number: number): number {
    const known = this.#parents.get(number);
    if (known !== undefined) return known;
    const parent = this.#reader.processes([number])[0]?.parent ?? 0;
    this.#parents.set(number, parent);
    return parent;
  }

  #numberOf(pid: number, start: string | undefined, span: Span): number | undefined {
    const known = start === undefined ? undefined : this.#numbers.get(`${pid}:${start}`);
    if (known !== undefined) return known;
    return start === undefined
      ? this.#lastOf(pid, span)
      : this.#startedThen(pid, BigInt(start), span);
  }

  #lastOf(pid: number, span: Span): number | undefined {
    for (const window of windowsBackOf(this.#reader, span, () => WINDOW_MS)) {
      const found = new Names(this.in(window)).last(pid);
      if (found !== undefined) return found.id;
    }
    return undefined;
  }

  /** The boot clock against that of the day is what it is for those who were there in the span. */
  #startedThen(pid: number, startTime: bigint, span: Span): number | undefined {
    const clocks = new Set<number>();
    for (const at of [span.from, span.to])
      for (const { startNs, startTime: boot } of this.in({ from: at, to: at }))
        clocks.add(Math.round(Number((startNs - boot) / 1_000_000n) / CLOCK_MS));
    for (const clock of clocks) {
      const at = clock * CLOCK_MS + Number(startTime / 1_000_000n);
      const window = { sinceNs: toNs(at - CLOCK_MS), untilNs: toNs(at + CLOCK_MS) };
      const found = new Names(this.#reader.identities(window)).find(pid, startTime);
      if (found !== undefined) {
        this.remember([found]);
        return found.id;
      }
    }
    return undefined;
  }
}

const distance = (one: bigint, other: bigint): bigint => (one > other ? one - other : other - one);
