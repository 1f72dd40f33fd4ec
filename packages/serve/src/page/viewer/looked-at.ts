/** Which span of time is looked at, by the clock of the server. */

import type { Hello, Tick } from './connection.ts';
import type { Span, State } from './state.ts';

export interface LookedAt {
  /** What the server said of itself; undefined before. */
  readonly hello: Hello | undefined;
  /** It is over: there is no live. */
  readonly isRecorded: boolean;
  /** Until when samples are there, in milliseconds since the Unix epoch. */
  readonly sampledUntil: number;
  readonly lostEvents: number;
  /** By the server's clock, in milliseconds since the Unix epoch. */
  now(): number;
  /** Everything that is kept. */
  whole(): Span;
  /** There is something of a span yet. */
  isKept(span: Span): boolean;
  /** What the strip shows: all of it, or where somebody looks closer. */
  range(): Span;
  /** What is looked at now. */
  span(): Span;
  /** The span moves on with the time. */
  isFollowing(): boolean;
  begin(hello: Hello): void;
  /** What is looked at of a recording before somebody chooses. */
  end(): Span;
  /** @returns whether there are samples that were not there before */
  tick(tick: Tick): boolean;
}

/** Of a recording. */
const END_MS = 300_000;

export function createLookedAt(state: State): LookedAt {
  /** The server's clock before ours, in milliseconds. */
  let ahead = 0;
  let recordedUntil = 0;
  let hello: Hello | undefined;
  let sampledUntil = 0;
  let lostEvents = 0;

  const isRecorded = (): boolean => hello?.recorded === true;
  const now = (): number => (isRecorded() ? recordedUntil : Date.now() + ahead);

  function whole(): Span {
    const to = Math.max(sampledUntil, now());
    if (hello === undefined) return { from: to - 1000, to };
    const oldest = hello.recorded ? hello.oldest : Math.max(hello.oldest, to - hello.keepMs);
    return { from: Math.min(oldest, to - 1000), to };
  }

  return {
    get hello() {
      return hello;
    },
    get isRecorded() {
      return isRecorded();
    },
    get sampledUntil() {
      return sampledUntil;
    },
    get lostEvents() {
      return lostEvents;
    },
    now,
    whole,
    isKept: ({ to }) => to > whole().from,
    range: () => state.range ?? whole(),
    end() {
      const { from, to } = whole();
      return { from: Math.max(from, to - END_MS), to };
    },
    isFollowing: () => state.span === undefined,
    span() {
      if (state.span !== undefined) return state.span;
      const { from } = whole();
      const to = sampledUntil || now();
      const begin = state.windowSeconds === 0 ? from : to - state.windowSeconds * 1000;
      return { from: Math.min(Math.max(begin, from), to - 1), to };
    },
    begin(said) {
      hello = said;
      ahead = said.now - Date.now();
      recordedUntil = said.now;
      sampledUntil = said.sampledUntil ?? 0;
      lostEvents = said.lostEvents;
    },
    tick(tick) {
      ahead = tick.now - Date.now();
      recordedUntil = tick.now;
      lostEvents = tick.lostEvents;
      const isNewCycle = tick.sampledUntil > sampledUntil;
      sampledUntil = Math.max(sampledUntil, tick.sampledUntil);
      return isNewCycle;
    },
  };
}
