/** Brings what was sampled to the view, from time to time. */

import type { Session } from '@waggle/core/session';
import type { Profile } from '@waggle/formats';
import * as Effect from 'effect/Effect';

/** From one collection to the next, at least. */
const COLLECT_MS = 500;
/** And at most, however much CPU a collection takes. */
const SELDOM_MS = 5000;
/** Where next to nothing runs: less of one CPU than that. */
const QUIET_MS = 1000;
const QUIET_SHARE = 0.1;
/** Of one CPU: what collections may take of it, on a host where so much runs that naming it is work. */
const COLLECTING_SHARE = 0.15;

export class Collections implements Disposable {
  readonly #session: Session;
  readonly #onProfile: (profile: Profile, until: number) => void;
  readonly #onProblem: (message: string) => void;
  #timer: ReturnType<typeof setTimeout>;
  #closed = false;

  constructor(
    session: Session,
    onProfile: (profile: Profile, until: number) => void,
    onProblem: (message: string) => void,
  ) {
    this.#session = session;
    this.#onProfile = onProfile;
    this.#onProblem = onProblem;
    this.#timer = setTimeout(() => void this.#collect(), COLLECT_MS);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #collect(): Promise<void> {
    const before = process.cpuUsage();
    let least = COLLECT_MS;
    try {
      const until = Date.now();
      const profile = await Effect.runPromise(this.#session.collect);
      if (this.#closed) return;
      const { samples, frequencyHz, durationSeconds } = profile.metadata;
      if (samples / frequencyHz < QUIET_SHARE * durationSeconds) least = QUIET_MS;
      this.#onProfile(profile, until);
    } catch (error) {
      // The session ended meanwhile.
      if (!this.#closed) this.#onProblem(error instanceof Error ? error.message : String(error));
    }
    const { user, system } = process.cpuUsage(before);
    const wait = Math.min((user + system) / 1000 / COLLECTING_SHARE, SELDOM_MS);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#collect(), Math.max(wait, least));
  }
}
