/**
 * Stacks of functions, summed: what stays of samples once they have names. A tree of calls, so that what
 * many stacks have in common is kept once, and of each function one copy, whatever process or file it
 * was sampled in. It holds no file and no mapping, and so much at most: when there are many different
 * stacks, addresses are left out, so that all instructions of a function are one, and pids of labels; then
 * `[other]` is left.
 */

import type { ProfileFrame, ProfileLabels, ProfileStack } from '@waggle/formats';
import { markedFunctions, OTHER_FRAME, softirqEntries } from '../frames/synthetic-frames.ts';
import { coarseOwner, splitOwner } from '../sampling/stack-owner.ts';
import type { Functions } from '../symbolization/symbolizer.ts';
import { InternedFunctions } from './interned-functions.ts';
import { grown, NumberTuples } from './number-tuples.ts';

interface NamedStackLimits {
  /** Calls. */
  readonly maxNodes: number;
  /** Frames, with their addresses as long as those are kept. */
  readonly maxPlaces: number;
  /** Bytes of all names. */
  readonly maxTextBytes: number;
}

/** Some 70 MB of calls, 45 of frames and 64 of names. */
const MAX: NamedStackLimits = {
  maxNodes: 2 ** 21,
  maxPlaces: 2 ** 19,
  maxTextBytes: 64 * 1024 * 1024,
};
/** From this share of it on, addresses are left out. */
const LARGE = 1 / 4;

const OTHER: Functions = [{ name: OTHER_FRAME, kind: 'process' }];
const ROOT = 0;
/** No frame has this number. */
const NO_PLACE = 2 ** 32 - 1;

export class NamedStacks {
  readonly #frames: InternedFunctions;
  /** Caller and frame; the root is called by nobody. */
  readonly #nodes = new NumberTuples(2);
  /** By event, then by node. */
  readonly #values: Float64Array<ArrayBuffer>[] = [new Float64Array(256)];
  #others = 0;

  readonly #limits: NamedStackLimits;

  constructor(
    limits = MAX,
    /** Whether addresses are left out. */
    readonly isCoarse = false,
  ) {
    this.#limits = limits;
    this.#frames = new InternedFunctions(limits);
    this.#nodes.add(ROOT, NO_PLACE);
  }

  /** Samples whose stacks are `[other]`, since there were too many different ones. */
  get otherSamples(): number {
    return this.#others;
  }

  /** Of memory. */
  get byteLength(): number {
    const values = this.#values.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return this.#frames.byteLength + this.#nodes.byteLength + values;
  }

  /** The number of a frame here, as the functions it stands for; undefined when there is no room for it. */
  place(functions: Functions): number | undefined {
    return this.#frames.number(this.isCoarse ? withoutPlace(functions) : functions);
  }

  /**
   * @param stack numbers of frames, root first: of each stack, the first stands for whose it is
   * @param value in the unit of the event
   */
  add(stack: readonly (number | undefined)[], value: number, event = 0, samples = value): void {
    let node = ROOT;
    for (const place of stack) {
      const next = place === undefined ? undefined : this.#child(node, place);
      if (next === undefined) {
        this.#others += samples;
        this.#addToOthers(stack[0], value, event);
        return;
      }
      node = next;
    }
    this.#add(node, value, event);
  }

  /** Itself, or once there are many different stacks, all of it with less detail, in its place from now on. */
  settled(): NamedStacks {
    const { maxNodes, maxPlaces, maxTextBytes } = this.#limits;
    const isLarge =
      this.#nodes.size > LARGE * maxNodes ||
      this.#frames.size > LARGE * maxPlaces ||
      this.#frames.textBytes > LARGE * maxTextBytes;
    return isLarge && !this.isCoarse ? this.#withoutPlaces() : this;
  }

  /** @param events how many values each has; of one, it is the count alone */
  profileStacks(events = 1): ProfileStack[] {
    const functions = Array.from({ length: this.#frames.size }, (_, place) =>
      this.#frames.functions(place),
    );
    const labels = new Map<number, ProfileLabels>();
    functions.forEach((own, place) => {
      const owner = splitOwner(own);
      functions[place] = owner.frames;
      if (owner.labels !== undefined) labels.set(place, owner.labels);
    });
    const softirqs = softirqEntries(functions);
    const stacks: ProfileStack[] = [];
    // Most calls are only on the way to others.
    const counted = this.#values.slice(0, events);
    for (let leaf = 0; leaf < this.#nodes.size; leaf++) {
      if (!counted.some((values) => Math.round(values[leaf] ?? 0) !== 0)) continue;
      const values = Array.from({ length: events }, (_, event) =>
        Math.round(this.#values[event]?.[leaf] ?? 0),
      );
      const path: number[] = [];
      for (let node = leaf; node !== ROOT; node = this.#nodes.at(node, 0))
        path.push(this.#nodes.at(node, 1));
      path.reverse();
      const frames: ProfileFrame[] = markedFunctions(path, functions, softirqs);
      const [count = 0] = values;
      const labelsOf = labels.get(path[0] ?? NO_PLACE);
      stacks.push({
        ...{ frames, count },
        ...(events === 1 ? {} : { values }),
        labels: labelsOf,
      });
    }
    return stacks;
  }

  #withoutPlaces(): NamedStacks {
    const coarse = new NamedStacks(this.#limits, true);
    coarse.#others = this.#others;
    const places = Array.from({ length: this.#frames.size }, (_, place) =>
      coarse.#frames.number(withoutPlace(this.#frames.functions(place)), true),
    );
    // A caller comes before what it calls.
    const nodes = new Uint32Array(this.#nodes.size);
    for (let node = 1; node < nodes.length; node++) {
      const caller = nodes[this.#nodes.at(node, 0)] as number;
      const place = places[this.#nodes.at(node, 1)] as number;
      nodes[node] = coarse.#nodes.add(caller, place);
      for (const [event, values] of this.#values.entries())
        coarse.#add(nodes[node] as number, values[node] ?? 0, event);
    }
    return coarse;
  }

  #add(node: number, value: number, event: number): void {
    let values = this.#values[event] ?? new Float64Array(256);
    while (node >= values.length) values = grown(values);
    values[node] = (values[node] as number) + value;
    this.#values[event] = values;
  }

  /** Below its process, if that is known. */
  #addToOthers(owner: number | undefined, value: number, event: number): void {
    const known = owner === undefined ? undefined : this.#child(ROOT, owner);
    const other = this.#frames.number(OTHER, true) as number;
    this.#add(this.#nodes.add(known ?? ROOT, other), value, event);
  }

  #child(caller: number, place: number): number | undefined {
    if (this.#nodes.size < this.#limits.maxNodes) return this.#nodes.add(caller, place);
    return this.#nodes.find(caller, place);
  }
}

/** All code of a function is one, and of an object that has no names too; so are processes of one name. */
function withoutPlace(functions: Functions): Functions {
  return coarseOwner(functions).map(({ address: _address, mapping: _mapping, ...frame }) =>
    frame.kind === 'unresolved'
      ? { ...frame, name: frame.name.replace(/\+0x[0-9a-f]+\]$/, ']') }
      : frame,
  );
}
