// Runs one target: each case is a seed of the corpus, damaged by random numbers that follow from the
// seed and the number of the case alone, so that any case can be done again by itself. A find is an
// error that is not documented, an input that takes too long, or memory that grows.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate } from './mutate.ts';
import type { FuzzTarget, Random } from './target.ts';

const CORPUS = join(import.meta.dir, 'corpus');
/** For one input, in milliseconds: the machine may be busy. */
const SLOW_MS = 2000;
/** What the process may grow by while a target runs. */
const MAX_GROWTH = 400 * 1024 * 1024;
/** Cases between two turns of the event loop, in which handles of zlib are given back. */
const PAUSE = 64;
/** Cases that are given as they are, one for each file of the corpus. */
const WHOLE = 1;

export class Find extends Error {
  constructor(
    readonly target: string,
    readonly input: Uint8Array,
    readonly at: number,
    what: string,
  ) {
    super(what);
  }
}

export interface FuzzResult {
  readonly cases: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly growth: number;
  readonly cpuSeconds: number;
}

export interface FuzzLimits {
  readonly seed: number;
  /** Of CPU time. */
  readonly seconds?: number;
  readonly cases?: number;
  /** This case and no other. */
  readonly only?: number;
  /** Told before each case. */
  readonly begin?: (at: number) => void;
}

export function corpusOf(name: string): readonly Uint8Array[] {
  const folder = join(CORPUS, name);
  return readdirSync(folder)
    .sort()
    .map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

/** mulberry32, by Tommy Ettinger: public domain. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The input of a case. */
export function inputOf(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  at: number,
  random: Random,
): Uint8Array {
  if (at < WHOLE * corpus.length) return corpus[at]?.slice() ?? new Uint8Array();
  const pick = () => corpus[Math.floor(random() * corpus.length)] ?? new Uint8Array();
  const seed = pick();
  return target.mutate?.(seed, random) ?? mutate(seed, pick(), random);
}

/** @throws Find */
export async function fuzz(target: FuzzTarget, limits: FuzzLimits): Promise<FuzzResult> {
  const corpus = corpusOf(target.name);
  const { seed, seconds = Number.POSITIVE_INFINITY, cases = Number.POSITIVE_INFINITY } = limits;
  const started = process.cpuUsage();
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
  let refused = 0;
  let slowestMs = 0;
  let base = 0;
  let growth = 0;
  let done = 0;
  const first = limits.only ?? 0;
  const last = limits.only === undefined ? cases : limits.only + 1;
  for (let at = first; at < last && cpuSeconds() < seconds; at++) {
    if (at % PAUSE === 0) await new Promise((resolve) => setImmediate(resolve));
    const random = seeded(Math.imul(seed, 0x9e37_79b1) ^ at);
    const input = inputOf(target, corpus, at, random);
    limits.begin?.(at);
    const startedAt = performance.now();
    const cpuAt = process.cpuUsage();
    try {
      target.run(input, random);
    } catch (error) {
      if (!target.refuses(error)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        throw new Find(target.name, input, at, text);
      }
      refused++;
    }
    done++;
    const ms = performance.now() - startedAt;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > (target.slowMs ?? SLOW_MS)) {
      // By the clock it may have been others who were slow.
      const { user, system } = process.cpuUsage(cpuAt);
      if ((user + system) / 1e3 > (target.slowMs ?? SLOW_MS))
        throw new Find(target.name, input, at, `it took ${ms.toFixed(0)} ms`);
    }
    if (done % 256 !== 0) continue;
    let { rss } = process.memoryUsage();
    if (base === 0) base = rss;
    if (rss - base > MAX_GROWTH / 2) {
      Bun.gc(true);
      rss = process.memoryUsage().rss;
    }
    growth = Math.max(growth, rss - base);
    if (rss - base > MAX_GROWTH)
      throw new Find(target.name, input, at, `the process has grown by ${rss - base} bytes`);
  }
  return { cases: done, refused, slowestMs, growth, cpuSeconds: cpuSeconds() };
}
