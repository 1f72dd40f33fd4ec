/**
 * Sums stacks of frames over a collection: what becomes a profile. Whose they were is left out but
 * for the name and labels (stack-owner.ts), since a profile's readers ask for functions. From time to time what was sampled gets
 * its names, so that neither files nor mappings have to be kept for it; only generated code that has none
 * yet, which may come when its program ends, waits until then.
 */

import type { ProfileLabels, ProfileStack } from '@waggle/formats';
import { type Frame, FrameTable } from '../frames/frame-table.ts';
import { IDLE_FRAME, upToTracepoint, withoutTracing } from '../frames/synthetic-frames.ts';
import { unnamedReason } from '../frames/unresolved-frame.ts';
import { ownerFrames, ownerKey, type StackOwner } from '../sampling/stack-owner.ts';
import type { Functions, Symbolizer } from '../symbolization/symbolizer.ts';
import { NamedStacks } from './named-stacks.ts';
import type { ResolvedStack, SampledProcess } from './stack-resolver.ts';

/** The idle task of every CPU has it, and no process does. */
const IDLE_PID = 0;

/** What stands below a stack's functions in a profile, root first; at least one name. */
export type RootFrames = (owner: SampledProcess) => readonly string[];
/** What is said of a stack besides, for formats that have room for it. */
export type LabelsOf = (owner: SampledProcess) => ProfileLabels;

interface CollectedStack {
  readonly owner: StackOwner;
  /** Frame ids, root first. */
  readonly frames: readonly number[];
  readonly event: number;
  /** Samples. */
  count: number;
  /** In the unit of the event. */
  value: number;
}

/**
 * Code that nobody describes has another stack in nearly every sample, and a service runs for months: of
 * so many, stacks or frames, no name is waited for any longer. Some 30 MB.
 */
const MAX_LATE = 2 ** 15;

/** Stacks of frames without names, summed. */
class NamelessStacks {
  readonly table = new FrameTable();
  readonly stacks = new Map<string, CollectedStack>();

  add(stack: Readonly<CollectedStack>): void {
    const { owner, frames, event, count, value } = stack;
    const key = `${event} ${frames.join(',')} ${ownerKey(owner)}`;
    const known = this.stacks.get(key);
    if (known === undefined) {
      this.stacks.set(key, { ...stack });
      return;
    }
    known.count += count;
    known.value += value;
  }

  /** The same stacks, without the frames of those that were taken away. */
  compacted(): NamelessStacks {
    const next = new NamelessStacks();
    const adopted = new Map<number, number>();
    const adopt = (id: number): number => {
      const known = adopted.get(id) ?? next.table.adopt(id, this.table) ?? 0;
      adopted.set(id, known);
      return known;
    };
    for (const stack of this.stacks.values())
      next.add({ ...stack, frames: stack.frames.map(adopt) });
    return next;
  }

  get size(): number {
    return Math.max(this.stacks.size, this.table.frames.length);
  }
}

export class StackCollector {
  /** Everything but generated code, since the last naming. */
  #nameless = new NamelessStacks();
  /** Being named, or left by a naming that failed. */
  readonly #inHand: NamelessStacks[] = [];
  /** With generated code that has no name yet. */
  #late = new NamelessStacks();
  #named = new NamedStacks();
  #naming: Promise<void> = Promise.resolve();
  #total = 0;
  #early = 0;

  readonly #rootFrames: RootFrames;
  readonly #labels: LabelsOf | undefined;
  readonly #maxLate: number;
  readonly #isAtTracepoint: (event: number) => boolean;

  constructor(
    rootFrames: RootFrames = ({ comm }) => [comm],
    labels?: LabelsOf | undefined,
    maxLate = MAX_LATE,
    isAtTracepoint: (event: number) => boolean = () => false,
  ) {
    this.#rootFrames = rootFrames;
    this.#labels = labels;
    this.#maxLate = maxLate;
    this.#isAtTracepoint = isAtTracepoint;
  }

  get samples(): number {
    return this.#total;
  }

  /** Of those, the ones in `[other]`. */
  get otherSamples(): number {
    return this.#named.otherSamples;
  }

  /** Samples of generated code that has no name, and might have got one had there been fewer of them. */
  get earlySamples(): number {
    return this.#early;
  }

  /** Whether addresses were left out, since there were many different stacks. */
  get isCoarse(): boolean {
    return this.#named.isCoarse;
  }

  /** Stacks that nameNow() would make fewer. */
  get unnamed(): number {
    return this.#nameless.size + Math.max(0, this.#late.size - this.#maxLate);
  }

  /** Whose a stack of that process is. */
  ownerOf(process: SampledProcess): StackOwner {
    if (process.pid === IDLE_PID) return { roots: [IDLE_FRAME], labels: undefined };
    return { roots: this.#rootFrames(process), labels: this.#labels?.(process) };
  }

  /** @param value what it adds to the event's value, in its unit */
  add(stack: ResolvedStack, value = stack.count): void {
    const { event, count } = stack;
    const owner = stack.owner ?? this.ownerOf(stack);
    const to = stack.frames.some(({ frame }) => isLate(frame)) ? this.#late : this.#nameless;
    const ids = stack.frames.map(({ frame }) => to.table.id(frame));
    to.add({ owner, frames: ids, event, count, value });
    this.#total += count;
  }

  /** Frames that have no names yet: their objects are needed still. */
  *waiting(): Generator<Frame> {
    for (const { table } of [this.#nameless, ...this.#inHand, this.#late]) yield* table.frames;
  }

  /** Names what can be named for good. Rejects when the names cannot be had; nothing is lost then. */
  nameNow(symbolizer: Symbolizer): Promise<void> {
    const round = this.#naming.then(async () => {
      await this.#nameOthers(symbolizer);
      await this.#nameAroundLate(symbolizer);
      await this.#nameLate(symbolizer, isKnown);
      this.#late = this.#late.compacted();
      this.#named = this.#named.settled();
    });
    this.#naming = round.catch(() => {});
    return round;
  }

  /** Everything that was added, with names. @param events how many values each has */
  async profileStacks(symbolizer: Symbolizer, events = 1): Promise<readonly ProfileStack[]> {
    await this.#naming;
    await this.#nameOthers(symbolizer);
    await this.#nameLate(symbolizer, () => true);
    return this.#named.profileStacks(events);
  }

  async #nameOthers(symbolizer: Symbolizer): Promise<void> {
    this.#inHand.push(this.#nameless);
    this.#nameless = new NamelessStacks();
    if (this.#late.size > this.#maxLate) {
      this.#inHand.push(this.#late);
      this.#late = new NamelessStacks();
    }
    // What a round that failed has left is first.
    for (let stacks = this.#inHand[0]; stacks !== undefined; stacks = this.#inHand[0]) {
      const { table } = stacks;
      // An object's file is not needed any more once its own frames have names.
      const functions = await symbolizer.functionsOf(table.frames, (id, functions) => {
        table.replace(id, { kind: 'named', functions });
      });
      this.#addNamed([...stacks.stacks.values()], functions);
      this.#countEarly(stacks, functions);
      this.#inHand.shift();
    }
  }

  #countEarly({ table, stacks }: NamelessStacks, functions: readonly Functions[]): void {
    const early = new Set<number>();
    for (const [id, frame] of table.frames.entries())
      if (isLate(frame) && !isKnown(frame) && isUnnamed(functions[id])) early.add(id);
    if (early.size === 0) return;
    for (const { frames, count } of stacks.values())
      if (frames.some((id) => early.has(id))) this.#early += count;
  }

  /** What stands in a stack with late frames need not wait for those. */
  async #nameAroundLate(symbolizer: Symbolizer): Promise<void> {
    const { table } = this.#late;
    const ids = table.frames.flatMap((frame, id) =>
      frame.kind === 'user' || frame.kind === 'kernel' ? [id] : [],
    );
    const frames = ids.map((id) => table.frames[id] as Frame);
    const functions = await symbolizer.functionsOf(frames);
    ids.forEach((id, index) => {
      table.replace(id, { kind: 'named', functions: functions[index] ?? [] });
    });
  }

  /** @param isDue whether a frame that has no name gets none later on */
  async #nameLate(symbolizer: Symbolizer, isDue: (frame: Frame) => boolean): Promise<void> {
    const { table, stacks } = this.#late;
    const dueFrames = new Set(table.frames.flatMap((frame, id) => (isDue(frame) ? [id] : [])));
    const due = [...stacks].filter(([, { frames }]) => frames.every((id) => dueFrames.has(id)));
    if (due.length === 0) return;
    const functions = await symbolizer.functionsOf(table.frames);
    for (const [key] of due) stacks.delete(key);
    this.#addNamed(
      due.map(([, stack]) => stack),
      functions,
    );
    for (const [id, frame] of table.frames.entries())
      if (dueFrames.has(id) && isLate(frame))
        table.retire(id, { kind: 'named', functions: functions[id] ?? [] });
  }

  #addNamed(stacks: readonly CollectedStack[], functions: readonly Functions[]): void {
    const named = this.#named;
    const places = new Map<number, number | undefined>();
    const placeOf = (id: number) => {
      if (!places.has(id)) places.set(id, named.place(functions[id] ?? []));
      return places.get(id);
    };
    for (const { owner, frames, event, count, value } of stacks) {
      const trimmed = this.#isAtTracepoint(event) ? upToTracepoint : withoutTracing;
      const shown = trimmed(frames, (id: number) => functions[id] ?? []);
      named.add([named.place(ownerFrames(owner)), ...shown.map(placeOf)], value, event, count);
    }
  }
}

/** A runtime may say later what it was: as it writes on, or as the last thing that it does. */
function isLate(frame: Frame): boolean {
  return frame.kind === 'jit' && frame.name === undefined;
}

/** Whether it has a name by now that stays, or nobody will ever say one. */
function isKnown(frame: Frame): boolean {
  if (frame.kind !== 'jit' || frame.name !== undefined) return true;
  const { code, address, time, isReturn, isInherited } = frame;
  if (code.hasEnded) return true;
  const at = isReturn ? address - 1 : address;
  const isNamed = code.lookup(at, time, isInherited) !== undefined;
  return isNamed && code.isSettled(at, time, isInherited);
}

function isUnnamed(functions: Functions = []): boolean {
  return functions.some((frame) => unnamedReason(frame) !== undefined);
}
