/** What was sampled goes to the outputs in spans of ten seconds, and sooner where somebody looks at it live. */

import type { Profile } from '@waggle/formats';
import { say } from '../../terminal/messages.ts';
import type { AgentOutput } from './outputs.ts';

export const SPAN_MS = 10_000;

export class ProfileSpans implements Disposable {
  readonly #outputs: readonly Pick<AgentOutput, 'addProfile'>[];
  readonly #collect: () => Promise<Profile>;
  #from = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;
  /** Since somebody has looked; undefined while nobody does. */
  #seen: Profile[] | undefined;

  constructor(
    outputs: readonly Pick<AgentOutput, 'addProfile'>[],
    collect: () => Promise<Profile>,
  ) {
    this.#outputs = outputs;
    this.#collect = collect;
    this.#schedule();
  }

  /** What was sampled since the last call, for somebody who looks: the outputs have it in the same parts. */
  async sinceLastLook(): Promise<Profile> {
    this.#seen ??= [];
    clearTimeout(this.#timer);
    await this.#next();
    this.#schedule();
    const seen = this.#seen;
    this.#seen = [];
    const whole = joined(seen);
    if (whole === undefined) throw new Error('what was sampled could not be collected');
    return whole;
  }

  /** What was sampled since the last span. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#next();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** One after the other: each is from the end of the one before. */
  #next(): Promise<void> {
    this.#last = this.#last.then(() => this.#take());
    return this.#last;
  }

  async #take(): Promise<void> {
    if (this.#isClosed) return;
    const to = Date.now();
    try {
      const profile = await this.#collect();
      this.#seen?.push(profile);
      // A clock that was set back makes no span that ends before it begins.
      const from = Math.min(this.#from, to);
      this.#from = to;
      if (profile.stacks.length === 0) return;
      for (const output of this.#outputs) output.addProfile(profile, { from, to });
    } catch (error) {
      say(`warning: a span has no profile: ${error instanceof Error ? error.message : error}`);
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#next().then(() => this.#schedule()), SPAN_MS);
  }
}

/** Of consecutive parts. A stack that several have stands there as often. */
function joined(parts: readonly Profile[]): Profile | undefined {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const sum = (of: (metadata: Profile['metadata']) => number) =>
    parts.reduce((total, { metadata }) => total + of(metadata), 0);
  return {
    ...first,
    stacks: parts.flatMap(({ stacks }) => stacks),
    metadata: {
      ...first.metadata,
      durationSeconds: sum(({ durationSeconds }) => durationSeconds),
      samples: sum(({ samples }) => samples),
      lostSamples: sum(({ lostSamples }) => lostSamples),
    },
  };
}
