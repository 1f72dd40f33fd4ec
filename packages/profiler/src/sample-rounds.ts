/**
 * Takes in what was sampled, and before it the mappings that its addresses are understood by: all of it in
 * rounds on a timer, and what cannot wait for one as soon as something happens. Neither begins nor ends
 * sampling: profiler.ts does.
 */

import type { BoundedMemory } from './bounded-memory.ts';
import type { Collections } from './collections.ts';
import type { CodeNames } from './interpreters/code-names.ts';
import type { JavaPerfMaps } from './java-perf-maps/java-perf-maps.ts';
import type { AddressSpaces } from './mappings/address-spaces.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import type { LostMappings } from './mappings/lost-mappings.ts';
import type { RanBefore } from './mappings/ran-before.ts';
import { RetiredImages } from './mappings/retired-images.ts';
import type { RunningMappings } from './mappings/running-mappings.ts';
import type { Sideband } from './mappings/sideband.ts';
import type { Counting } from './sampling/counting.ts';
import { CLOSE_PACE, PollSchedule, THRIFTY_PACE } from './sampling/poll-schedule.ts';
import type { SampleMaps } from './sampling/sample-maps.ts';
import type { StackCount } from './sampling/stack-count.ts';
import { TakenIn } from './sampling/taken-in.ts';
import { byMappedCode } from './stacks/by-mapped-code.ts';
import type { StackResolver } from './stacks/stack-resolver.ts';
import type { WantedImages } from './stacks/wanted-images.ts';
import type { SymbolizationClient } from './symbolization/symbolization-client.ts';
import type { DeferredSamples } from './unwinding/deferred-samples.ts';
import type { EarlyInterpreters } from './unwinding/early-interpreters.ts';
import type { UnwindTables } from './unwinding/unwind-tables.ts';

/** Short enough that a round's distinct stacks fit the maps, long enough to cost nothing. */
const ROUND_MS = 250;
const THRIFTY_ROUND_MS = 1000;
/** Programs begun since a round that thrifty looks do not wait for the next one for: their mappings fill a ring. */
const MANY_EXECS = 64;
/** At high rates taking samples in is more work than there is time for: the event loop gets its turn. */
const SLICE_MS = 50;
/** Stacks between two looks at the clock. */
const CHUNK = 64;
/** A program that has just fetched the map's number is done with it long before. */
const SWITCH_MS = 2;
/** One look at mappings does for all programs that a batch of events tells of, and for the look by the clock. */
const FOLLOWED_MS = 8;
/** What has no table by then after the end is walked by what there is. */
const LAST_TABLES_MS = 10_000;

/** What a round works with, and its owner closes. */
interface RoundParts {
  readonly sideband: Sideband;
  readonly spaces: AddressSpaces;
  readonly lostMappings: LostMappings;
  readonly ranBefore: RanBefore;
  readonly running: RunningMappings;
  readonly jitMaps: JitMaps;
  readonly counting: Counting;
  readonly maps: SampleMaps;
  readonly wanted: WantedImages | undefined;
  readonly resolver: StackResolver;
  /** Where interpreters are walked. */
  readonly codeNames: CodeNames | undefined;
  readonly earlyInterpreters: EarlyInterpreters | undefined;
  /** Where somebody wants them. */
  readonly javaPerfMaps: JavaPerfMaps | undefined;
  readonly collections: Collections;
  readonly memory: BoundedMemory;
  readonly reader: SymbolizationClient;
  /** Where stacks are walked by tables. */
  readonly tables: UnwindTables | undefined;
  readonly deferred: DeferredSamples | undefined;
  /** See ProfilerConfig. */
  readonly thrifty: boolean;
}

export class SampleRounds {
  readonly #parts: RoundParts;
  readonly #retired = new RetiredImages();
  readonly #takenIn = new TakenIn();
  #sampling = true;
  #timer: ReturnType<typeof setInterval> | undefined;
  #polls: PollSchedule | undefined;
  /** The stacks of the round that is being taken in. */
  #draining: Iterator<StackCount> | undefined;
  #goOn: ReturnType<typeof setTimeout> | undefined;
  #restTaken = false;
  /** Since the last round. */
  #execs = 0;
  /** Of performance.now(): what was mapped by then is known. */
  #followedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  /** Sampling has begun. */
  begin(): void {
    const { thrifty } = this.#parts;
    this.#timer = setInterval(() => this.#round(), thrifty ? THRIFTY_ROUND_MS : ROUND_MS);
    this.#polls = new PollSchedule(
      (isHastened) => this.#poll(isHastened),
      thrifty ? THRIFTY_PACE : CLOSE_PACE,
    );
  }

  /** Sampling has ended: there are no more rounds. */
  end(): void {
    this.#sampling = false;
    clearInterval(this.#timer);
    clearTimeout(this.#goOn);
    this.#polls?.[Symbol.dispose]();
  }

  /** Everything that was sampled before, in ms since the epoch, is known by whose it is. */
  get takenInUntil(): number {
    return this.#takenIn.until;
  }

  /** The image ended then (CLOCK_BOOTTIME): forgotten once no sample of it can be left. */
  retire(pid: number, time: bigint, ended: boolean): void {
    this.#retired.add({ pid, time, ended });
    // The program that took its place may run for a moment only: its file is opened at once.
    if (!ended && !this.#parts.thrifty && !this.#hasJustFollowed) this.#followMappings(false);
    this.#parts.jitMaps.end(pid, time, ended);
    this.#parts.javaPerfMaps?.forget(pid);
    if (ended) return;
    this.#execs++;
    if (!this.#parts.thrifty || this.#execs > MANY_EXECS) this.#polls?.wake();
  }

  /** Takes in what was sampled until now. */
  async catchUp(): Promise<void> {
    if (this.#sampling) {
      // Either map may hold samples: one drain each, with a switch between.
      this.#round(true);
      await new Promise((resolve) => {
        setTimeout(resolve, SWITCH_MS);
      });
      if (this.#sampling) this.#round(true);
    }
    this.#takeRest();
    await this.#lastTables();
  }

  /**
   * Takes in stacks that the kernel handed over to be walked here. Returns how many there were.
   * @param forMs all of them where it is not given
   */
  takeDeferred(forMs?: number): number {
    const stacks = this.#parts.deferred?.read(() => this.#followMappings(true), forMs) ?? [];
    for (const stack of stacks) this.#add(stack);
    return stacks.length;
  }

  /** Walks what waits for tables, if those are soon there. */
  async #lastTables(): Promise<void> {
    const { deferred, reader } = this.#parts;
    let isOver = false;
    const enough = setTimeout(() => {
      isOver = true;
      deferred?.hurry(true);
      reader.leaveOut('unwind-table');
    }, LAST_TABLES_MS);
    do {
      await deferred?.settled();
      this.takeDeferred();
    } while (!this.#sampling && deferred?.isWaiting === true);
    clearTimeout(enough);
    deferred?.hurry(false);
    // Names come next.
    if (isOver) reader.leaveOut('unwind-table');
  }

  /** Once, after the end of sampling. */
  #takeRest(): void {
    if (this.#sampling || this.#restTaken) return;
    this.#restTaken = true;
    this.#followMappings(true);
    this.#parts.jitMaps.refreshAtLast();
    this.takeDeferred();
    this.#drainRound();
    for (const stack of this.#parts.maps.rest()) this.#add(stack);
  }

  /** What was mapped is looked at as often: a program may be gone, or another, a moment later. */
  #poll(isHastened: boolean): boolean {
    // An event may have brought it about a moment ago: then there will be more.
    const isDone = this.#hasJustFollowed && !isHastened;
    const mappings = isDone ? 1 : this.#followMappings(false);
    this.#parts.codeNames?.read();
    const isNews = this.takeDeferred(SLICE_MS) > 0 || mappings > 0;
    return this.#parts.sideband.isBusy || (isNews && !this.#parts.thrifty);
  }

  get #hasJustFollowed(): boolean {
    return performance.now() - this.#followedAt < FOLLOWED_MS;
  }

  /** Before addresses of a process are looked up: what it had mapped is known then, as far as it can be. */
  prepare(pid: number, startTime: bigint): void {
    this.#parts.ranBefore.need(pid);
    this.#parts.lostMappings.recover(pid, startTime);
  }

  #add(stack: StackCount): void {
    const { wanted, javaPerfMaps, collections, resolver, spaces } = this.#parts;
    if (wanted?.keeps(stack) === false) return;
    javaPerfMaps?.sampled(stack.pid);
    this.prepare(stack.pid, stack.startTime);
    for (const part of byMappedCode(stack, spaces)) collections.add(resolver.resolve(part));
  }

  /** @param all that was sampled in the round; else what there is time for, and the rest next time */
  #round(all = false): void {
    const { counting, running, jitMaps, sideband, maps, deferred, memory, thrifty } = this.#parts;
    this.#execs = 0;
    counting.followCpus();
    running.readOn();
    const mappings = this.#followMappings(all);
    // Behind what was told until now: /proc has what came of it.
    this.#parts.ranBefore.readOn();
    // Code is moved and freed: an address is what the map says of it now, not at the end.
    jitMaps.refresh();
    this.#parts.codeNames?.read();
    const forMs = all ? undefined : SLICE_MS;
    const isNews = this.takeDeferred(forMs) > 0 || mappings > 0;
    if (sideband.isBusy || (isNews && !thrifty)) this.#polls?.wake();
    if (this.#draining === undefined) {
      this.#draining = maps.nextRound();
      this.#takenIn.beganRound();
    }
    if (!this.#drainRound(forMs)) {
      this.#goOn ??= setTimeout(() => {
        this.#goOn = undefined;
        if (this.#sampling) this.#round();
      }, 0);
      return;
    }
    this.#takenIn.endedRound(deferred?.takenInUntil ?? Number.POSITIVE_INFINITY);
    this.#forgetRetired();
    memory.keep();
  }

  /** Returns whether that was all of the round. */
  #drainRound(forMs = Number.POSITIVE_INFINITY): boolean {
    const deadline = performance.now() + forMs;
    for (let taken = 1; this.#draining !== undefined; taken++) {
      const { value, done } = this.#draining.next();
      if (done === true) this.#draining = undefined;
      else this.#add(value);
      if (taken % CHUNK === 0 && performance.now() > deadline) break;
    }
    return this.#draining === undefined;
  }

  #forgetRetired(): void {
    const { deferred, spaces, lostMappings, ranBefore, running, codeNames } = this.#parts;
    const waiting = () => deferred?.waitingPids();
    for (const { pid, time, ended } of this.#retired.endRound(waiting)) {
      spaces.forget(pid, time, ended);
      codeNames?.forget(pid, time, ended);
      if (!ended) continue;
      lostMappings.forget(pid);
      ranBefore.forget(pid);
      running.forget(pid);
    }
  }

  /** Returns how many records there were. */
  #followMappings(all: boolean): number {
    const { sideband, spaces, tables, earlyInterpreters, lostMappings, ranBefore } = this.#parts;
    this.#followedAt = performance.now();
    const records = sideband.read(all);
    ranBefore.told(records);
    for (const record of records) {
      spaces.apply(record);
      if (record.type !== 'mapping') continue;
      const { pid, mapping, time } = record;
      tables?.replaced(pid, mapping);
      const object = () => spaces.mappingAt(pid, mapping.start, time)?.object;
      if (earlyInterpreters?.mapped(pid, mapping, time, object) === true) this.#polls?.hasten();
    }
    const lostSince = sideband.takeLoss();
    if (lostSince !== undefined) lostMappings.lost(lostSince);
    return records.length;
  }
}
