// Stacks of functions, summed: what stays of samples once they have names. A tree of calls, so that what
// many stacks have in common is kept once, and of each function one copy, whatever process or file it
// was sampled in. It holds no file and no mapping, and so much at most.

import type { ProfileFrame, ProfileStack } from '@waggle/formats';
import { markedFunctions, OTHER_FRAME, softirqEntries } from '../frames/synthetic-frames.ts';
import type { Functions } from '../symbolization/symbolizer.ts';

/** Calls and functions that are told apart: some 200 MB of them. */
const MAX_NODES = 2 ** 21;
const MAX_FUNCTIONS = 2 ** 18;
/** Room for a function's number in the key of a call. */
const FUNCTION_NUMBERS = 2 ** 20;

const OTHER: Functions = [{ name: OTHER_FRAME, kind: 'process' }];
const ROOT = 0;

export class NamedStacks {
  private readonly numbers = new Map<string, number>();
  private readonly functions: Functions[] = [];
  private readonly nodes = new Map<number, number>();
  /** By node. */
  private readonly parents: number[] = [ROOT];
  private readonly functionOf: number[] = [0];
  private readonly counts = new Map<number, number>();
  private others = 0;

  constructor(
    private readonly maxNodes = MAX_NODES,
    private readonly maxFunctions = MAX_FUNCTIONS,
  ) {}

  /** Samples whose stacks are `[other]`, since there were too many different ones. */
  get otherSamples(): number {
    return this.others;
  }

  /** @param stack root first, each frame as the functions it stands for */
  add(stack: readonly Functions[], count: number): void {
    let node = ROOT;
    for (const functions of stack) {
      const next = this.child(node, functions);
      if (next === undefined) {
        this.addToOthers(stack, count);
        return;
      }
      node = next;
    }
    this.count(node, count);
  }

  /** Of each stack, the first frame stands for whose it is. */
  profileStacks(): ProfileStack[] {
    const { functions } = this;
    const softirqs = softirqEntries(functions);
    return [...this.counts].map(([leaf, count]): ProfileStack => {
      const path: number[] = [];
      for (let node = leaf; node !== ROOT; node = this.parents[node] ?? ROOT)
        path.push(this.functionOf[node] ?? 0);
      const frames: ProfileFrame[] = markedFunctions(path.reverse(), functions, softirqs);
      return { frames, count };
    });
  }

  private count(node: number, count: number): void {
    this.counts.set(node, (this.counts.get(node) ?? 0) + count);
  }

  /** Below its process, if that is known. */
  private addToOthers([owner]: readonly Functions[], count: number): void {
    this.others += count;
    const known = owner && this.child(ROOT, owner);
    const other = this.child(known ?? ROOT, OTHER, true);
    if (other !== undefined) this.count(other, count);
  }

  private child(parent: number, functions: Functions, always = false): number | undefined {
    const number = this.number(functions, always);
    if (number === undefined) return undefined;
    const key = parent * 2 * FUNCTION_NUMBERS + number;
    const known = this.nodes.get(key);
    if (known !== undefined) return known;
    if (!always && this.parents.length >= this.maxNodes) return undefined;
    const node = this.parents.push(parent) - 1;
    this.functionOf.push(number);
    this.nodes.set(key, node);
    return node;
  }

  private number(functions: Functions, always: boolean): number | undefined {
    const key = keyOf(functions);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (!always && this.functions.length >= this.maxFunctions) return undefined;
    const number = this.functions.push(functions) - 1;
    this.numbers.set(key, number);
    return number;
  }
}

function keyOf(functions: Functions): string {
  return JSON.stringify(functions, (_, value) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  );
}
